"""A method of the family: Newton's method on a window, or what is made of it by keeping less."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, PyTree

from parasim._errors import ConfigError, near_names
from parasim.integrators.method._checks import check_positive_int, plain
from parasim.integrators.method._coarse import CoarseDifference
from parasim.integrators.method._damping import AbstractDamping, TrustRegion, Undamped
from parasim.integrators.method._linear_solver import (
    AbstractLinearSolver,
    BlockedScan,
    ShardedScan,
)
from parasim.integrators.method._sharding import automatic, one_axis
from parasim.integrators.method._structure import AbstractInvertible, AbstractStructure, Dense

GUESSES = ("history", "coarse", "constant")


class Method(eqx.Module):
    """How windows are solved: five choices, each of which the literature varies.

    The default is Newton's method with exact tangents by multiple shooting. Presets are in
    `parasim.methods`, named as their papers name them.

    Arguments:
        structure: what is kept of the Jacobians, such as `Dense()` or `Diagonal()`. Where that is
            not all the method converges linearly, and a state is taken for converged when the
            update, and what updates that go on shrinking as before would add, is below the
            tolerance.
        damping: what is done where tangents grow, such as `TrustRegion()`.
        linear_solver: of the affine recurrence of every iteration, such as `CyclicReduction()`;
            it changes the time and not the result.
        interval: L, the steps of a shooting interval, and of a coarse step. With 1 the unknowns are
            the states after every step, as in most papers.
        guess: of the states: `"history"`, what followed a state like the first one, where there was
            one, else a coarse pass; `"coarse"`; `"constant"`; or a function that returns the state
            at a time (at a step's number in `newton_scan`), such as the solution of a similar
            problem. Recurrences have no coarse step and stay constant instead.
        mesh: of devices, with one axis, among which the intervals of a window are divided, such as
            `jax.make_mesh((8,), ("time",))`; None: one device has them all.

    Raises:
        ConfigError: the choices do not go together.
    """

    structure: AbstractStructure = Dense()
    damping: AbstractDamping = Undamped()
    linear_solver: AbstractLinearSolver = BlockedScan()
    interval: int = eqx.field(default=8, static=True, converter=plain)
    guess: str | Callable[[Any], PyTree] = "history"
    mesh: Mesh | None = eqx.field(default=None, static=True, converter=automatic)

    def __check_init__(self):
        for name, kind in (
            ("structure", AbstractStructure),
            ("damping", AbstractDamping),
            ("linear_solver", AbstractLinearSolver),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise ConfigError(
                    f"the {name} of a Method must be one of parasim.methods, such as "
                    f"{type(self.__dataclass_fields__[name].default).__name__}(), not {value!r}"
                )
        check_positive_int("interval", self.interval)
        if isinstance(self.guess, str) and self.guess not in GUESSES:
            raise ConfigError(
                f"there is no guess {self.guess!r}: {near_names(self.guess, GUESSES)}"
            )
        if not isinstance(self.guess, str) and not callable(self.guess):
            raise ConfigError(f"guess must be one of {GUESSES} or a function, not {self.guess!r}")
        self.linear_solver.check(self.structure)
        if isinstance(self.damping, TrustRegion) and not isinstance(
            self.structure, AbstractInvertible
        ):
            raise ConfigError(
                f"TrustRegion() needs inverses, which {type(self.structure).__name__} Jacobians do "
                "not have: keep Dense(), Diagonal(), BlockDiagonal(size) or Identity()"
            )
        if self.mesh is not None:
            self._check_mesh()

    def _check_mesh(self) -> None:
        if not one_axis(self.mesh):
            raise ConfigError(
                "mesh must be a jax.sharding.Mesh of one axis, such as "
                f'jax.make_mesh((8,), ("time",)), not {self.mesh!r}'
            )
        if self.linear_solver != BlockedScan():
            raise ConfigError(
                "a window that is divided among devices has its own linear solver, a block for "
                f"each of them: leave out linear_solver={self.linear_solver}, or mesh"
            )
        BlockedScan().check(self.structure)

    @property
    def solver(self) -> AbstractLinearSolver:
        """The linear solver, of one device or of several."""
        return self.linear_solver if self.mesh is None else ShardedScan(self.mesh)

    def guessed(self, places: Array, state: PyTree) -> PyTree:
        """Return the states that a user's function guesses; None where there is none.

        Arguments:
            places: where: times, or numbers of steps.
            state: one of those that the steps are made of, whose dtypes the guesses get. Where it
                has None, a guess may have anything, and gets None too.

        Raises:
            ConfigError: the function returns something else than such states.
        """
        guess = self.guess
        if not callable(guess):
            return None
        found = jax.eval_shape(guess, places[0])
        try:
            fits = jax.tree.map(_fits, state, found, is_leaf=_is_none)
        except ValueError:  # another structure
            fits = False
        if not jax.tree.all(fits):
            raise ConfigError(
                "the function that is the guess of a Method must return a state like y0, or like "
                f"the carry of a scan, {_shapes(state)}, and not {_shapes(found)}"
            )
        return jax.tree.map(
            lambda like, own: None if like is None else own.astype(jnp.result_type(like)),
            state,
            jax.vmap(guess)(places),
            is_leaf=_is_none,
        )

    def for_window(
        self, size: int, coarse_step: Callable[[Array, PyTree], Array] | None
    ) -> "Method":
        """Return the method for a window of so many variables, with these coarse steps.

        Raises:
            ConfigError: the structure cannot represent its Jacobians.
        """
        method = self
        if isinstance(self.structure, CoarseDifference):
            method = eqx.tree_at(
                lambda method: method.structure, self, CoarseDifference(coarse_step)
            )
        method.structure.check(size)
        return method


def _fits(like: Any, own: Any) -> bool:
    """Whether an array can stand for another one."""
    if like is None:
        return True
    if not isinstance(own, jax.ShapeDtypeStruct) or own.shape != jnp.shape(like):
        return False
    kind = jnp.number if jnp.iscomplexobj(like) else jnp.floating
    return jnp.issubdtype(own.dtype, kind) or jnp.issubdtype(own.dtype, jnp.integer)


def _shapes(tree: PyTree) -> PyTree:
    """Return the dtypes and shapes of a tree's arrays, such as `float64[2]`, for a message."""
    return jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}", tree)


def _is_none(node: Any) -> bool:
    return node is None
