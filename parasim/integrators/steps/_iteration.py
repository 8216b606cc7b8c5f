"""The step of a recurrence, in the place of a solver's: maps and networks in discrete time."""

# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import equinox as eqx
from jaxtyping import PyTree

from parasim.integrators.steps._nodes import Slot


class Iteration(diffrax.AbstractSolver):
    """The "solver" of a recurrence `y_{n+1} = f(n, y_n, args)`: it applies f, and nothing else.

    f takes the place of a vector field in an `ODETerm`, with steps of 1, by `parasim.diffeqsolve`:

        diffeqsolve(ODETerm(f), ParallelNewton(Iteration()), 0, 1000, 1, y0,
                    stepsize_controller=Windows())

    With another step it is applied as often as there are steps.

    In a window there is no coarse step for it, so that Newton's method starts from a state that
    stands still, or from the trajectory's past.
    """

    term_structure: ClassVar = diffrax.ODETerm
    interpolation_cls: ClassVar[Callable[..., Any]] = diffrax.LocalLinearInterpolation

    def order(self, terms: PyTree) -> None:
        """There is none: the step is exact."""

    def init(self, terms: PyTree, t0: Any, t1: Any, y0: PyTree, args: PyTree) -> None:
        """Nothing is remembered from step to step."""

    def step(
        self,
        terms: PyTree,
        t0: Any,
        t1: Any,
        y0: PyTree,
        args: PyTree,
        solver_state: None,
        made_jump: Any,
    ) -> tuple[PyTree, None, dict[str, PyTree], None, diffrax.RESULTS]:
        """Apply f to the state at t0."""
        del t1, solver_state, made_jump
        y1 = terms.vf(t0, y0, args)
        return y1, None, {"y0": y0, "y1": y1}, None, diffrax.RESULTS.successful

    def func(self, terms: PyTree, t0: Any, y0: PyTree, args: PyTree) -> PyTree:
        """Apply f."""
        return terms.vf(t0, y0, args)


class MapStep(eqx.Module):
    """One application of a recurrence.

    Attributes:
        rule: `(n, y) -> y`.
    """

    rule: Callable[[Any, PyTree], PyTree]

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step."""
        return self.rule(slot.start, y)

    def details(self, y: PyTree, slot: Slot) -> tuple[None, dict[str, PyTree]]:
        """Return no error estimate, and what diffrax interpolates from."""
        return None, {"y0": y, "y1": self(y, slot)}
