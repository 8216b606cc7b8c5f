"""`Windows`: a controller under which `dt0` keeps its meaning, the step of the inner solver."""

from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from parasim._errors import ConfigError
from parasim.integrators.method._checks import check_positive_int, plain
from parasim.integrators.solver._parallel_newton import ParallelNewton
from parasim.integrators.steps._nodes import STEP_SLACK


class WindowsState(NamedTuple):
    """The grid of the windows' ends.

    Attributes:
        t0, t1: where the integration starts and ends.
        length: of a window.
        windows: how many there are, infinite if t1 is; in the dtype of time.
    """

    t0: Array
    t1: Array
    length: Array
    windows: Array


class Windows(diffrax.AbstractStepSizeController[WindowsState, Any]):
    """Divides the time into windows of `steps * dt0`, so that `dt0` is the inner step.

    Window k ends at `t0 + k * steps * dt0`, the last one at t1, however short it is then. Under
    plain `diffrax.diffeqsolve` that last window is divided into as many inner steps as all others,
    so they are shorter; under `parasim.diffeqsolve` they are `dt0` there as well, up to the last.

    It cannot go into a `diffrax.ClipStepSizeController`, which is for adaptive controllers: where a
    vector field jumps, end windows there by `diffrax.StepTo`, or clip a `diffrax.PIDController`.

    Arguments:
        steps: those of the solver, `ParallelNewton(steps=...)`.

    Raises:
        ConfigError: `steps` is not a positive int, or not the solver's; the solver is no
            `ParallelNewton`; there is no `dt0`.
    """

    steps: int = eqx.field(default=1024, converter=plain)

    def __check_init__(self):
        check_positive_int("steps", self.steps)

    def wrap(self, direction: Any) -> "Windows":
        """Return itself: diffrax has turned `dt0` already when time runs backwards."""
        del direction
        return self

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
    ) -> tuple[Any, WindowsState]:
        """Return the end of the first window, and the grid."""
        del terms, y0, args, error_order
        _check_steps(self.steps, func)
        if dt0 is None:
            raise ConfigError("parasim.Windows needs dt0, the inner step: pass diffeqsolve a dt0")
        inner_steps = jnp.ceil((t1 - t0) / dt0 - STEP_SLACK)
        state = WindowsState(
            t0=t0, t1=t1, length=self.steps * dt0, windows=jnp.ceil(inner_steps / self.steps)
        )
        return self._next_end(state, t0), state

    def adapt_step_size(
        self,
        t0: Any,
        t1: Any,
        y0: PyTree,
        y1_candidate: PyTree,
        args: PyTree,
        y_error: PyTree,
        error_order: Any,
        controller_state: WindowsState,
    ) -> tuple[bool, Any, Any, bool, WindowsState, diffrax.RESULTS]:
        """Accept the window, and return the end of the next."""
        del t0, y0, y1_candidate, args, y_error, error_order
        end = self._next_end(controller_state, t1)
        return True, t1, end, False, controller_state, diffrax.RESULTS.successful

    def _next_end(self, state: WindowsState, t: Any) -> Array:
        """Return the end of the window that t lies in, or starts."""
        # Half an inner step of tolerance, as t is itself an end with its rounding error.
        number = jnp.floor((t - state.t0) / state.length + 0.5 / self.steps) + 1
        last = (number == state.windows) & (t < state.t1)
        return jnp.where(last, state.t1, state.t0 + number * state.length)


def _check_steps(steps: int, func: Any) -> None:
    """Refuse a solver whose windows have other steps; diffrax passes its bound method `func`."""
    solver = getattr(func, "__self__", None)
    # A wrapper passes for what it wraps, so only the type itself tells.
    while isinstance(solver, diffrax.AbstractWrappedSolver) and type(solver) is not ParallelNewton:
        solver = getattr(solver, "windows", solver.solver)
    if solver is not None and type(solver) is not ParallelNewton:
        raise ConfigError(
            f"parasim.Windows divides time for a ParallelNewton, not for {type(solver).__name__}: "
            "use diffrax.ConstantStepSize() with it"
        )
    if solver is not None and solver.steps != steps:
        raise ConfigError(
            f"Windows has {steps} steps and the solver {solver.steps}: give both the same, such as "
            f"Windows(steps={solver.steps})"
        )
