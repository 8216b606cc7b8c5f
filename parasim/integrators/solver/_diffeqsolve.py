"""`diffeqsolve`, as diffrax's, for what a solver of whole windows cannot do from inside it."""

import dataclasses
import math
from typing import Any, cast

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from parasim._errors import ConfigError
from parasim.integrators.solver import _parallel_saving as saving
from parasim.integrators.solver._cutting import cutting, uncut
from parasim.integrators.solver._events import EventSolver, Undefined, checked_event, wrapped_event
from parasim.integrators.solver._parallel_newton import ParallelNewton
from parasim.integrators.solver._windows_controller import Windows

_SAVE_ANYTHING = (
    diffrax.RecursiveCheckpointAdjoint,
    diffrax.DirectAdjoint,
    diffrax.ForwardMode,
)
# A change of a condition costs a window that is made again, and one that goes on after it. With a
# direction there may be one change in the other direction before.
_WINDOWS_PER_CONDITION = 4


def diffeqsolve(
    terms: PyTree,
    solver: diffrax.AbstractSolver,
    t0: Any,
    t1: Any,
    dt0: Any,
    y0: PyTree,
    args: PyTree = None,
    *,
    saveat: diffrax.SaveAt = diffrax.SaveAt(t1=True),  # noqa: B008
    stepsize_controller: diffrax.AbstractStepSizeController = diffrax.ConstantStepSize(),  # noqa: B008
    adjoint: diffrax.AbstractAdjoint = diffrax.RecursiveCheckpointAdjoint(),  # noqa: B008
    event: diffrax.Event | None = None,
    max_steps: int | None = 4096,
    throw: bool = True,
    progress_meter: diffrax.AbstractProgressMeter = diffrax.NoProgressMeter(),  # noqa: B008
    solver_state: PyTree = None,
    controller_state: PyTree = None,
    made_jump: Any = None,
    discrete_terminating_event: Any = None,
) -> diffrax.Solution:
    """Solve a differential equation: `diffrax.diffeqsolve`, with four differences.

    They concern a solver that is a `ParallelNewton`; any other is left to diffrax.

    **The inner step.** With `stepsize_controller=parasim.Windows(steps)`, `dt0` is the inner step
    everywhere, in a shorter last window too. So the steps are those of diffrax with the inner
    solver, that `dt0` and `ConstantStepSize`, if `dt0` divides `t1 - t0`.

    **Events** are found at inner resolution. A window over which a condition changes is made again
    and ends with the first inner step over which one does; then diffrax compares and finds the
    root. With `Windows` and `ConstantStepSize` the window that is made again has the same inner
    steps (of `dt0`, and of `dt0 / solver.steps`), so the event is the one that diffrax finds with
    the inner solver at that step; with other controllers its steps are finer. Each change costs two
    more of `max_steps`. A deprecated `discrete_terminating_event` looks at window ends.

    **`SaveAt(ts=...)`** is read from dense output after the integration, at all times at once,
    instead of one by one, if

    * the adjoint is one that can save anything: the default, `DirectAdjoint` or `ForwardMode`;
    * no part of `saveat` has both `ts` and `steps`;
    * a bound on the number of windows is known: `max_steps`, or the length of `StepTo`, or with
      `ConstantStepSize` and `Windows` what `t0`, `t1` and `dt0` give, where they are not traced;
    * so many windows have at most 16 MiB of states, or twice as many states as are saved (of one
      member, under `vmap`; dense output takes about ten times that), or there is `dense=True`.

    Otherwise it is saved as diffrax does. The results are the same.

    **A condition that is NaN** is no event, as it is for diffrax, but the failure
    `RESULTS.nonfinite` at the end of the window.

    Arguments:
        terms, solver, t0, t1, dt0, y0, args: as of `diffrax.diffeqsolve`.
        saveat, stepsize_controller, adjoint, event, throw, progress_meter: likewise.
        solver_state, controller_state, made_jump, discrete_terminating_event: likewise.
        max_steps: counts windows.

    Returns:
        The `diffrax.Solution`.

    Raises:
        ConfigError: `Windows` and the solver have different `steps`; `dt0` has the wrong sign.
    """
    arguments: dict[str, Any] = {
        "terms": terms,
        "solver": solver,
        "t0": t0,
        "t1": t1,
        "dt0": dt0,
        "y0": y0,
        "args": args,
        "saveat": saveat,
        "stepsize_controller": stepsize_controller,
        "adjoint": adjoint,
        "event": event,
        "max_steps": max_steps,
        "throw": throw,
        "progress_meter": progress_meter,
        "solver_state": solver_state,
        "controller_state": controller_state,
        "made_jump": made_jump,
        "discrete_terminating_event": discrete_terminating_event,
    }
    if type(solver) is not ParallelNewton:
        return diffrax.diffeqsolve(**arguments)
    _check_direction(t0, t1, dt0)
    arguments["solver"] = _with_inner_step(solver, stepsize_controller, dt0, event is not None)
    return _solve(arguments, _most_windows(arguments))


@eqx.filter_jit
def _solve(arguments: dict[str, Any], windows: int | None) -> diffrax.Solution:
    """Solve with at most so many windows; None if that is not known."""
    arguments = _with_times(arguments)
    saveat, args, event = (arguments[name] for name in ("saveat", "args", "event"))
    in_parallel = _saves_in_parallel(arguments, windows)
    asked = arguments
    if in_parallel:
        saveat = saving.checked_times(saveat, arguments["t0"], arguments["t1"])
        asked = {**asked, "saveat": saving.without_times(saveat)}
        asked |= {"max_steps": windows}
    solution = diffrax.diffeqsolve(**asked) if event is None else _until_event(asked)
    if not in_parallel:
        return solution
    solution = saving.with_times(solution, saveat, args)
    stats = {**solution.stats, "max_steps": arguments["max_steps"]}
    return dataclasses.replace(solution, stats=stats)


def _with_inner_step(
    solver: ParallelNewton,
    controller: diffrax.AbstractStepSizeController,
    dt0: Any,
    has_event: bool,
) -> ParallelNewton:
    """Return the solver with the inner step that the controller means, if that is fixed."""
    if solver.tolerance is not None:
        return solver
    if isinstance(controller, Windows):
        step_size = dt0
    elif isinstance(controller, diffrax.ConstantStepSize) and has_event and dt0 is not None:
        step_size = dt0 / solver.steps if solver.step_size is None else solver.step_size
    else:
        return solver
    if step_size is None:
        return solver  # diffrax, or the controller, refuses a run without dt0
    return dataclasses.replace(solver, step_size=abs(step_size))


def _with_times(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with times and y0 in the dtypes that diffrax would choose."""
    times = {name: arguments[name] for name in ("t0", "t1", "dt0") if arguments[name] is not None}
    with jax.numpy_dtype_promotion("standard"):
        dtype = jnp.result_type(*times.values(), *saving.times_asked_for(arguments["saveat"]))
    if jnp.issubdtype(dtype, jnp.integer):
        dtype = jnp.result_type(float)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise ConfigError(f"times must be real numbers, not {dtype}")
    converted = {name: jnp.asarray(time, dtype) for name, time in times.items()}
    solver = arguments["solver"]
    if solver.step_size is not None:
        step_size = jnp.asarray(solver.step_size, dtype)
        solver = dataclasses.replace(solver, step_size=step_size)
    with jax.numpy_dtype_promotion("standard"):
        y0 = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf, dtype)), arguments["y0"]
        )
    return {**arguments, **converted, "solver": solver, "y0": y0}


def _most_windows(arguments: dict[str, Any]) -> int | None:
    """Return a bound on the windows; None if there is none, or nobody asks for times."""
    controller, max_steps = arguments["stepsize_controller"], arguments["max_steps"]
    saveat = arguments["saveat"]
    if not saving.times_asked_for(saveat):
        return None
    if saving.shows_max_steps(saveat):
        return max_steps
    known = None
    if isinstance(controller, diffrax.StepTo):
        known = len(controller.ts) - 1
    elif isinstance(controller, Windows | diffrax.ConstantStepSize):
        steps = controller.steps if isinstance(controller, Windows) else 1
        known = _quotient(arguments["t0"], arguments["t1"], arguments["dt0"], steps)
    if known is None:
        return max_steps
    if arguments["event"] is not None:
        conditions = jax.tree.leaves(arguments["event"].cond_fn, is_leaf=callable)
        known += _WINDOWS_PER_CONDITION * len(conditions)
    return known if max_steps is None else min(known, max_steps)


def _check_direction(t0: Any, t1: Any, dt0: Any) -> None:
    """Refuse a step away from t1, as diffrax does, where the times are not traced."""
    try:
        start, end, step = (float(time) for time in (t0, t1, 0.0 if dt0 is None else dt0))
    except (jax.errors.ConcretizationTypeError, TypeError):
        return  # traced, or not a number, which is refused elsewhere
    if (end - start) * step < 0:
        raise ConfigError(
            f"dt0 = {step:g} leads away from t1: give it the sign of t1 - t0, {end - start:g}"
        )


def _quotient(t0: Any, t1: Any, dt0: Any, steps: int) -> int | None:
    """Return a bound of `(t1 - t0) / (steps * dt0)`, or None if that is traced or infinite."""
    try:
        number = (float(t1) - float(t0)) / (steps * float(dt0))
    except (jax.errors.ConcretizationTypeError, TypeError, ZeroDivisionError):
        return None
    return math.ceil(number) + 1 if 0 <= number < math.inf else None


def _saves_in_parallel(arguments: dict[str, Any], windows: int | None) -> bool:
    """Say whether `SaveAt(ts=...)` is read from dense output; the rule is in `diffeqsolve`."""
    saveat = arguments["saveat"]
    saved = sum(ts.shape[0] for ts in saving.times_asked_for(saveat))
    if saved == 0 or windows is None or saving.mixes_steps_and_times(saveat):
        return False
    if type(arguments["adjoint"]) not in _SAVE_ANYTHING:
        return False
    if saveat.dense:
        return True
    states = windows * arguments["solver"].steps
    return saving.worth_its_memory(arguments["y0"], states, saved)


def _until_event(arguments: dict[str, Any]) -> diffrax.Solution:
    """Solve with an event, in windows that end where it happens."""
    t0, saveat, state = (arguments[name] for name in ("t0", "saveat", "controller_state"))
    direction = jnp.where(t0 < arguments["t1"], 1, -1).astype(t0.dtype)
    solver = _event_solver(arguments, direction)
    saves_anything = type(arguments["adjoint"]) in _SAVE_ANYTHING
    if saves_anything:
        undefined = Undefined(solver, arguments["terms"], direction)
        subs = (saveat.subs, diffrax.SubSaveAt(t1=True, fn=undefined))
        saveat = dataclasses.replace(saveat, subs=subs)
    asked = {
        "solver": solver,
        "stepsize_controller": cutting(arguments["stepsize_controller"]),
        "event": wrapped_event(arguments["event"]),
        "controller_state": None if state is None else uncut(state, t0.dtype),
        "saveat": saveat,
        "throw": False,
    }
    solution = diffrax.diffeqsolve(**{**arguments, **asked})
    state = solution.controller_state
    if state is not None:
        solution = dataclasses.replace(solution, controller_state=state.controller)
    if saves_anything:
        (ts, _), (ys, flags) = cast(tuple, solution.ts), cast(tuple, solution.ys)
        solution = checked_event(dataclasses.replace(solution, ts=ts, ys=ys), flags[0])
    if arguments["throw"]:
        solution = solution.result.error_if(solution, ~diffrax.is_okay(solution.result))
    return solution


def _event_solver(arguments: dict[str, Any], direction: Array) -> EventSolver:
    """Return the solver that looks for the event, and shows conditions what diffrax does."""
    dt0 = arguments["dt0"]
    options = {
        "t0": arguments["t0"] * direction,
        "t1": arguments["t1"] * direction,
        "dt0": None if dt0 is None else dt0 * direction,
        "saveat": arguments["saveat"],
        "stepsize_controller": arguments["stepsize_controller"].wrap(direction),
        "max_steps": arguments["max_steps"],
    }
    conditions = jax.tree.leaves(arguments["event"].cond_fn, is_leaf=callable)
    return EventSolver(arguments["solver"], conditions, options)
