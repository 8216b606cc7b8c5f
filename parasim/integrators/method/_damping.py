"""What keeps an iteration from running away where tangents grow: nothing, or less of the Jacobian.

Whatever the damping, the last update before a state is accepted is the undamped one: it alone
carries the residuals to where they come out.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim._errors import ConfigError
from parasim.integrators.method._checks import check_positive, may_be_number, plain
from parasim.integrators.method._linear_solver import AbstractLinearSolver
from parasim.integrators.method._smoother import smoothed
from parasim.integrators.method._structure import (
    AbstractInvertible,
    AbstractStructure,
    Matrix,
)
from parasim.integrators.method._structures import Diagonal


class AbstractDamping(eqx.Module):
    """A way to make updates of those states that have not converged."""

    def start(self, guess: Float[Array, "M d"]) -> Any:
        """Return what is remembered from iteration to iteration."""
        del guess
        return ()

    @abc.abstractmethod
    def update(
        self,
        structure: AbstractStructure,
        solver: AbstractLinearSolver,
        matrices: Matrix,
        residual: Float[Array, "M d"],
        states: Float[Array, "M d"],
        memory: Any,
    ) -> tuple[Float[Array, "M d"], Any] | None:
        """Return the damped update, and what is remembered; None where nothing is damped.

        Arguments:
            structure: of the matrices.
            solver: of affine recurrences.
            matrices: of the intervals.
            residual: where the intervals end, less the states there.
            states: at the ends of the intervals.
            memory: of the iteration before.
        """


class Undamped(AbstractDamping):
    """Full updates. A state is exact after as many iterations as there are intervals before it."""

    def update(self, structure, solver, matrices, residual, states, memory) -> None:
        """Return None."""
        del structure, solver, matrices, residual, states, memory


class Scaled(AbstractDamping):
    """Jacobians multiplied by `factor`, so that updates grow by less from interval to interval.

    Source: Gonzalez et al., arXiv 2509.21716, appendix F (scale-ELK).
    """

    factor: float | Float[Array, ""] = eqx.field(default=0.5, converter=plain)

    def __check_init__(self):
        if not may_be_number(self.factor, lambda factor: (factor >= 0) & (factor < 1)):
            raise ConfigError(
                f"the factor of Scaled must be a number from 0 to below 1, not {self.factor!r}"
            )

    def update(self, structure, solver, matrices, residual, states, memory):
        """Solve with scaled matrices."""
        del states
        one = jnp.ones(residual.shape[0], residual.dtype)
        # Divided by infinity is divided by enough.
        scaled = structure.divided(matrices, one / _constant(self.factor, residual.dtype))
        return solver.solve(structure, scaled, residual[..., None]).columns[..., 0], memory


class Clipped(AbstractDamping):
    """Jacobians whose entries are larger than `bound` divided by so much that they are not.

    With `Diagonal()` each entry by itself, which is the clip-ELK of the source.

    Source: Gonzalez et al., arXiv 2509.21716, appendix F.
    """

    bound: float | Float[Array, ""] = eqx.field(default=1.0, converter=plain)

    def __check_init__(self):
        check_positive("the bound of Clipped", self.bound)

    def update(self, structure, solver, matrices, residual, states, memory):
        """Solve with clipped matrices."""
        del states
        clipped = _clipped(structure, matrices, _constant(self.bound, residual.dtype))
        return solver.solve(structure, clipped, residual[..., None]).columns[..., 0], memory


class TrustRegion(AbstractDamping):
    """Levenberg and Marquardt's method: ELK, as the full Kalman smoother.

    The update minimises `sum |z_{m+1} - A_m z_m - r_m|^2 + weight * sum |z_m|^2`. The weight falls
    to a third after an iteration whose sum of squared residuals is no larger than the largest one
    of the last five, and rises tenfold, from the states before it, after one whose sum is.

    Arguments:
        weight: the first one.

    Sources: Gonzalez et al., NeurIPS 2024, arXiv 2407.19115; for the smoother Saerkkae &
    Garcia-Fernandez, IEEE Trans. Autom. Control 66 (2021); for looking back at several residuals
    Grippo, Lampariello & Lucidi, SIAM J. Numer. Anal. 23 (1986).
    """

    weight: float | Float[Array, ""] = eqx.field(default=1.0, converter=plain)

    def __check_init__(self):
        check_positive("the weight of TrustRegion", self.weight)

    def start(self, guess: Float[Array, "M d"]) -> Any:
        """Return the weight, the last residuals, and the states that were gone on from."""
        past = jnp.full(_LOOKED_BACK_AT, jnp.inf, guess.dtype)
        return _constant(self.weight, guess.dtype), past, guess

    def update(self, structure, solver, matrices, residual, states, memory):
        """Go on from the states, or from those before them."""
        assert isinstance(structure, AbstractInvertible)  # which `Method` has checked
        weight, past, kept = memory
        now = jnp.sum(residual**2)
        noise = jnp.sum((jnp.finfo(states.dtype).eps * states) ** 2)
        better = jnp.isfinite(now) & (now <= jnp.max(past) + noise)
        tiny = jnp.finfo(residual.dtype).tiny
        weight = jnp.where(better, jnp.maximum(weight / _LOWERED, tiny), weight * _RAISED)

        def go_on() -> Array:
            return smoothed(structure, solver, matrices, residual, weight)

        update = jax.lax.cond(better, go_on, lambda: kept - states)
        past = jnp.where(better, jnp.roll(past, 1).at[0].set(now), past)
        return update, (weight, past, jnp.where(better, states, kept))


# Measured on recurrences of 1 to 8 variables: to halve the weight takes twice as many iterations,
# to look at the last residual alone ten times as many where errors grow before they shrink.
_LOWERED, _RAISED, _LOOKED_BACK_AT = 3.0, 10.0, 5


def _constant(number: float | Float[Array, ""], dtype: Any) -> Float[Array, ""]:
    """Return a number as an array of which no derivatives are taken: it changes no solution."""
    return jax.lax.stop_gradient(jnp.asarray(number, dtype))


def _clipped(structure: AbstractStructure, matrices: Matrix, bound: Float[Array, ""]) -> Matrix:
    if isinstance(structure, Diagonal):
        return jnp.clip(matrices, -bound, bound)
    return structure.divided(matrices, jnp.maximum(structure.magnitude(matrices) / bound, 1))
