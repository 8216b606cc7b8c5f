"""Steps that have a size of their own each.

A window asks for them in half a dozen places. With `jit` each step is traced once for all of them.
"""

import diffrax
import equinox as eqx
from jaxtyping import PyTree

from parasim.integrators.steps._inner_step import InnerStep, inner_step
from parasim.integrators.steps._nodes import Slot


class SizedStep(eqx.Module):
    """A step of the size that its slot has.

    Attributes:
        solver: the inner solver.
        terms, args: as diffrax hands them to a solver.
        start: a state at which the terms can be evaluated.
    """

    solver: diffrax.AbstractSolver
    terms: PyTree
    args: PyTree
    start: PyTree

    @eqx.filter_jit
    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step."""
        return self._step(slot)(y, slot)

    @eqx.filter_jit
    def details(self, y: PyTree, slot: Slot) -> tuple[PyTree | None, dict[str, PyTree]]:
        """Return the error estimate of the step, and what diffrax interpolates from."""
        return self._step(slot).details(y, slot)

    def _step(self, slot: Slot) -> InnerStep:
        return inner_step(self.solver, self.terms, self.args, slot.dt, self.start)
