"""One step of an explicit Runge-Kutta method, its stages written out.

diffrax steps through the stages of a tableau in a generic loop; written out from the same tableau
the step costs a third (40 variables) to a thirteenth (3 variables) of that on a CPU.
"""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from parasim._errors import ConfigError
from parasim.integrators.newton._compiler import FEW_VARIABLES, costly, stored
from parasim.integrators.steps._nodes import Slot

# In dtypes of as many bits one more rounding in each step is nothing beside Newton's tolerance.
_FINE_BITS = 64

# The most of stages and variables of which a loop is one kernel all the same when the last slope
# of each combination is added alone: where every number is an array, and where they are in one.
_MOST_BYTES = 18 * 8
_MOST_BYTES_OF_ARRAYS = 12 * 8


class ExplicitStep(eqx.Module):
    """The step `y + dt sum_i b_i f_i` with `f_i = f(t + c_i dt, y + dt sum_j a_ij f_j)`.

    Arguments:
        solver: the method, by its tableau.
        vector_field: f, as `(t, y) -> dy/dt`.
        dt: the step size in time, the same in every step.
        scale: what f is multiplied with: dt, or -dt where time runs backwards; like the state, as
            a scalar in a loop XLA's CPU compiler makes it 15 % slower.
        store: whether stages and slopes are computed once and kept (`_compiler.py`), in gradients
            also where few variables could stay in registers. Tangents of few variables that are
            carried along in a loop are a tenth as fast with it.
    """

    solver: diffrax.AbstractERK
    vector_field: Callable[[Any, PyTree], PyTree]
    dt: Any
    scale: PyTree
    store: bool = eqx.field(default=True, static=True)

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step.

        Raises:
            ConfigError: the vector field has made another dtype of it.
        """
        in_registers = self._in_registers(y, slot.start)
        y1 = self._solution(y, self._slopes(y, slot.start, in_registers), in_registers)
        check_dtypes(y, y1)
        return y1

    def details(self, y: PyTree, slot: Slot) -> tuple[PyTree, dict[str, PyTree]]:
        """Return the embedded error estimate of the step, and what diffrax interpolates from.

        It is asked of all steps side by side, so the stages are a loop, which is soon compiled.
        """
        tableau, dtype = self.tableau, jnp.result_type(self.dt)
        count = tableau.num_stages
        rows = np.zeros((count, count))
        for row, weights in zip(rows[1:], tableau.a_lower, strict=True):
            row[: len(weights)] = weights
        nodes = np.concatenate([np.zeros(1), np.asarray(tableau.c)])

        def advanced(weights: Any, slopes: list[PyTree]) -> PyTree:
            change = _weighted(weights, slopes)
            return jax.tree.map(lambda a, dt, b: a + dt * b, y, self.scale, change)

        def stage(slopes: list[PyTree], x: tuple[Array, Array, Array]) -> tuple[list[PyTree], None]:
            place, weights, node = x
            at = stored(advanced(weights, slopes), always=True)
            slope = stored(self.vector_field(slot.start + node * self.dt, at), always=True)

            def unless(other: int) -> PyTree:
                return jax.tree.map(
                    lambda new, old: jnp.where(place == other, new, old), slope, slopes[other]
                )

            return [unless(other) for other in range(count)], None

        none = [jax.tree.map(jnp.zeros_like, y)] * count
        each = jnp.arange(count, dtype=jnp.int32), jnp.asarray(rows), jnp.asarray(nodes, dtype)
        slopes, _ = jax.lax.scan(stage, none, each)
        error = _weighted(tableau.b_error, slopes)
        error = jax.tree.map(jnp.multiply, self.scale, error)
        increments = [jax.tree.map(jnp.multiply, self.scale, slope) for slope in slopes]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *increments)
        return error, {"y0": y, "y1": advanced(tableau.b_sol, slopes), "k": stacked}

    @property
    def tableau(self) -> diffrax.ButcherTableau:
        """The method's coefficients."""
        return self.solver.tableau  # pyright: ignore[reportReturnType]

    @property
    def stages(self) -> int:
        """How many the solution needs; the rest serve the error estimate only."""
        return max(i for i, b in enumerate(self.tableau.b_sol) if b != 0) + 1

    def _solution(self, y: PyTree, slopes: list[PyTree], in_registers: bool) -> PyTree:
        weights = self.tableau.b_sol[: len(slopes)]
        fine = all(jnp.finfo(leaf.dtype).bits >= _FINE_BITS for leaf in jax.tree.leaves(y))
        y1 = self._added(y, weights, slopes, last_alone=fine and self._last_alone(y, in_registers))
        return stored(y1) if self.store else y1

    def _slopes(self, y: PyTree, t: Any, in_registers: bool) -> list[PyTree]:
        def kept(tree: PyTree) -> PyTree:
            return stored(tree, _are_few(y) and not in_registers) if self.store else tree

        last_alone = self._last_alone(y, in_registers)
        slopes = [kept(self.vector_field(t, y))]
        rows = self.tableau.a_lower[: self.stages - 1]
        for row, c in zip(rows, self.tableau.c, strict=False):
            stage = kept(self._added(y, row, slopes, last_alone))
            slopes.append(kept(self.vector_field(t + float(c) * self.dt, stage)))
        return slopes

    def _in_registers(self, y: PyTree, t: Any) -> bool:
        """Whether all stages stay in registers, so that nothing is computed twice."""
        return _are_few(y) and not costly(self.vector_field, t, y)

    def _last_alone(self, y: PyTree, in_registers: bool) -> bool:
        """Whether a loop over steps remains one kernel if the last slope is added alone."""
        leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(y)]
        most = _MOST_BYTES_OF_ARRAYS if any(leaf.size > 1 for leaf in leaves) else _MOST_BYTES
        return in_registers and self.stages * sum(leaf.nbytes for leaf in leaves) <= most

    def _added(self, y: PyTree, weights: Any, slopes: list[PyTree], last_alone: bool) -> PyTree:
        """Return `y + dt sum_j w_j f_j`.

        The last slope is what a loop waits for. Added alone, it takes one operation from there and
        not two, for one more rounding of a number as large as y.
        """
        terms = _nonzero(weights, slopes)
        parts = [terms[:-1], terms[-1:]] if last_alone else [terms]
        for part in filter(None, parts):
            y = self._advanced(y, part)
        return y

    def _advanced(self, y: PyTree, terms: "_Terms") -> PyTree:
        """Return `y + dt sum_j w_j f_j`, rounded once."""
        if len(terms) > 1:
            terms = [(1.0, _combination(terms))]
        ((weight, slope),) = terms
        return jax.tree.map(lambda a, dt, b: a + (dt * weight) * b, y, self.scale, slope)


class EulerStep(eqx.Module):
    """The step `y + dt f(t, y)`, which in diffrax has no tableau.

    Arguments:
        vector_field: f, as `(t, y) -> dy/dt`.
        scale: what f is multiplied with, as that of an `ExplicitStep`.
        store: whether the state is computed once and kept.
    """

    vector_field: Callable[[Any, PyTree], PyTree]
    scale: PyTree
    store: bool = eqx.field(default=True, static=True)

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step.

        Raises:
            ConfigError: the vector field has made another dtype of it.
        """
        slope = self.vector_field(slot.start, y)
        y1 = jax.tree.map(lambda a, dt, b: a + dt * b, y, self.scale, slope)
        check_dtypes(y, y1)
        return stored(y1) if self.store else y1

    def details(self, y: PyTree, slot: Slot) -> tuple[None, dict[str, PyTree]]:
        """Return that there is no error estimate, and what diffrax interpolates from."""
        return None, {"y0": y, "y1": self(y, slot)}


def like_each_leaf(number: Any, y: PyTree) -> PyTree:
    """Return a number as arrays like the leaves of a state."""
    return jax.tree.map(lambda leaf: jnp.full(jnp.shape(leaf), number, jnp.result_type(leaf)), y)


def _are_few(y: PyTree) -> bool:
    return sum(leaf.size for leaf in jax.tree.leaves(y)) <= FEW_VARIABLES


def check_dtypes(before: PyTree, after: PyTree) -> None:
    """Raise ConfigError where a step has made another dtype of a state."""
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
        if new.dtype != jnp.result_type(old):
            raise ConfigError(
                f"the vector field returns {new.dtype} for a state of {jnp.result_type(old)}: "
                "convert y0, args or what it returns"
            )


_Terms = list[tuple[float, PyTree]]


def _nonzero(weights: Any, slopes: list[PyTree]) -> _Terms:
    """Return pairs of weights and slopes: zeros cost nothing, and Python floats promote nothing."""
    return [(float(w), slope) for w, slope in zip(weights, slopes, strict=True) if w != 0]


def _combination(terms: _Terms) -> PyTree:
    """Return `sum_i w_i f_i`."""
    weights = [weight for weight, _ in terms]
    return jax.tree.map(
        lambda *leaves: sum(w * leaf for w, leaf in zip(weights, leaves, strict=True)),
        *(slope for _, slope in terms),
    )


def _weighted(weights: Any, slopes: list[PyTree]) -> PyTree:
    """Return `sum_i w_i f_i`, with weights that are not known while tracing."""

    def one(*leaves: Array) -> Array:
        own = jnp.asarray(weights, leaves[0].real.dtype)
        return sum(
            (w * leaf for w, leaf in zip(own, leaves, strict=True)), jnp.zeros_like(leaves[0])
        )

    return jax.tree.map(one, *slopes)
