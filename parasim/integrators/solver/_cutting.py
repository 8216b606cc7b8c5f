"""Step size controllers that let a solver say where a window shall end.

All that diffrax hands from a solver to a controller is the error estimate. An `EventSolver` puts
its wish there, next to the estimate, and a `Cutting` controller around the user's own grants it.
"""

# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree, Real


class Wish(NamedTuple):
    """What an `EventSolver` tells a `Cutting` controller.

    Attributes:
        error: the solver's error estimate.
        cut: where the window shall end; infinite, or its end, if where it does.
    """

    error: PyTree
    cut: Real[Array, ""]


class CuttingState(NamedTuple):
    """The state of a `Cutting` controller.

    Attributes:
        controller: the wrapped controller's.
        planned: where the window that was cut would have ended.
        cut: whether the present window was cut.
    """

    controller: PyTree
    planned: Real[Array, ""]
    cut: Bool[Array, ""]


class _AbstractCutting(diffrax.AbstractStepSizeController[CuttingState, Any]):
    """Makes a window again that shall end earlier, and goes on to where it should have ended."""

    controller: eqx.AbstractVar[diffrax.AbstractStepSizeController]

    def wrap(self, direction: Any) -> "_AbstractCutting":
        return eqx.tree_at(lambda c: c.controller, self, self.controller.wrap(direction))

    def init(
        self,
        terms: PyTree,
        t0: Any,
        t1: Any,
        y0: PyTree,
        dt0: Any,
        args: PyTree,
        func: Any,
        error_order: Any,
    ) -> tuple[Any, CuttingState]:
        end, state = self.controller.init(terms, t0, t1, y0, dt0, args, func, error_order)
        return end, uncut(state, jnp.result_type(t0))

    def adapt_step_size(
        self,
        t0: Any,
        t1: Any,
        y0: PyTree,
        y1_candidate: PyTree,
        args: PyTree,
        y_error: Wish,
        error_order: Any,
        controller_state: CuttingState,
    ) -> tuple[Any, Any, Any, Any, CuttingState, diffrax.RESULTS]:
        """Cut a good window once, on demand; leave everything else to the wrapped controller."""
        inner = controller_state.controller
        keep, start, end, jump, state, result = self.controller.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error.error, error_order, inner
        )
        # A window that was cut may have finer steps than before. These are not cut again: the
        # change is next to the end already, and need not have a first place at all (noise).
        reject = keep & (y_error.cut < t1) & ~controller_state.cut
        resume = keep & controller_state.cut
        ours = reject | resume
        okay = diffrax.RESULTS.successful
        new = CuttingState(
            controller=jax.tree.map(lambda old, new: jnp.where(ours, old, new), inner, state),
            planned=jnp.where(reject, t1, controller_state.planned),
            cut=reject,
        )
        return (
            keep & ~reject,
            jnp.where(reject, t0, jnp.where(resume, t1, start)),
            jnp.where(reject, y_error.cut, jnp.where(resume, controller_state.planned, end)),
            jump & ~ours,
            new,
            diffrax.RESULTS.where(ours, okay, result),  # pyright: ignore[reportArgumentType]
        )


class Cutting(_AbstractCutting):
    """Around a controller of fixed windows."""

    controller: diffrax.AbstractStepSizeController


class AdaptiveCutting(_AbstractCutting, diffrax.AbstractAdaptiveStepSizeController):
    """Around an adaptive controller, whose tolerances diffrax asks for."""

    controller: diffrax.AbstractAdaptiveStepSizeController

    @property
    def rtol(self) -> Any:
        return self.controller.rtol

    @property
    def atol(self) -> Any:
        return self.controller.atol

    @property
    def norm(self) -> Any:
        return self.controller.norm


def cutting(controller: diffrax.AbstractStepSizeController) -> Cutting | AdaptiveCutting:
    """Return the controller such that it grants an `EventSolver`'s wishes."""
    if isinstance(controller, diffrax.AbstractAdaptiveStepSizeController):
        return AdaptiveCutting(controller)  # pyright: ignore[reportCallIssue]
    return Cutting(controller)


def uncut(state: PyTree, time_dtype: Any) -> CuttingState:
    """Return the state of a `Cutting` controller that has not cut, around the wrapped one's."""
    return CuttingState(state, jnp.zeros((), time_dtype), jnp.array(False))
