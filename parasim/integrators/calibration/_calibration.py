"""Measures what windows cost on the device at hand: a sequential step, and a Newton iteration."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import PyTree

from parasim._errors import ConfigError, SolverError
from parasim._memory import size_text
from parasim.integrators.calibration._timing import Program, seconds_per_turn, worth_timing
from parasim.integrators.calibration._window_programs import (
    DiffraxSteps,
    ScanSteps,
    Steps,
    compiled,
    iterated,
    stepped,
    timed,
)
from parasim.integrators.decision._costs import DeviceCosts
from parasim.integrators.decision._costs_cache import costs_key, save_costs
from parasim.integrators.method._checks import check_positive_int
from parasim.integrators.method._devices import device_in_use, host_beside, placed
from parasim.integrators.method._method import Method
from parasim.integrators.newton._finite import all_finite
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._traced_step import is_number
from parasim.integrators.solver._parallel_newton import ParallelNewton
from parasim.integrators.window._recurrence import has_tangents
from parasim.integrators.window._window_memory import PieceMemory

# Few steps first, in case that they take long.
_SEQUENTIAL_STEPS = (64, 1024)

# Three windows tell constant, depth and work apart. On a CPU depth costs nothing, and compiling is
# most of what calibrating takes.
_PARALLEL_STEPS = {"cpu": (256, 2048)}
_PARALLEL_STEPS_ELSE = (256, 1024, 4096)

# So many times shorter are windows of more variables than this.
_SHORTER, _MANY_VARIABLES = 4, 64


def calibrate(
    terms: PyTree,
    solver: diffrax.AbstractSolver,
    y0: PyTree,
    args: PyTree = None,
    *,
    dt0: Any,
    t0: Any = 0.0,
    save: bool = True,
) -> DeviceCosts:
    """Measure what steps and Newton iterations cost on this device, for a system of your own.

    Beside an accelerator steps are timed on the host's CPU too, where `parasim.simulate` makes them
    if they are faster there.

    The times are kept in the user's cache directory, or in the one that the environment variable
    `PARASIM_CACHE_DIR` names, per device, number of variables, dtype and interval. From then on
    they are what `mode="auto"` decides by, in all that is compiled later in this process or in
    others, for every system of as many variables of that dtype. This takes a few seconds, most of
    them to compile. A busy machine does little harm as long as some of many short runs are
    undisturbed.

    Arguments:
        terms: as for `diffrax.diffeqsolve`.
        solver: a `ParallelNewton`, or the inner solver of one.
        y0: the state to start from; a pytree of real or complex numbers.
        args: as for `diffrax.diffeqsolve`.
        dt0: the inner step, positive, in the system's unit of time; costs hardly depend on it.
        t0: the time to start from; the terms are asked for up to 4,096 steps from there.
        save: whether to keep the times. If not, pass them on as `ParallelNewton(costs=...)`.

    Returns:
        The times, in seconds.

    Raises:
        ConfigError: jax is tracing, the state has no numbers, or is too large for a short window
            to fit into the memory of the device.
        SolverError: the state does not stay finite.
    """
    newton_solver = solver if isinstance(solver, ParallelNewton) else ParallelNewton(solver)
    y0, t0, dt0 = jax.tree.map(jnp.asarray, (y0, t0, dt0))
    _check_not_tracing((terms, y0, args, t0, dt0))
    _check_numbers(y0, y0)
    dtype, interval = Flattening(y0).dtype, newton_solver.method.interval
    t0, dt0 = t0.astype(dtype), dt0.astype(dtype)
    costs = _measured(DiffraxSteps(newton_solver.solver, terms, args, y0, t0, dt0, interval))
    if save:
        save_costs(costs_key("diffrax", Flattening(y0).size, dtype, interval), costs)
    return costs


def calibrate_scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    *,
    interval: int = 8,
    save: bool = True,
) -> DeviceCosts:
    """Measure what steps and Newton iterations of `parasim.newton_scan` cost on this device.

    As `parasim.calibrate`, but for recurrences, of which they are kept separately.

    Arguments:
        f: `(carry, x) -> (carry, y)`, as for `newton_scan`.
        init: the first carry.
        xs: inputs, any number of them; the steps that are timed take them over and over again.
        interval: the steps of a shooting interval.
        save: whether to keep the times. If not, pass them on as `newton_scan(costs=...)`.

    Returns:
        The times, in seconds.

    Raises:
        ConfigError: as `parasim.calibrate`.
        SolverError: the carry does not stay finite.
    """
    check_positive_int("interval", interval)
    init, xs = jax.tree.map(jnp.asarray, (init, xs))
    _check_not_tracing((f, init, xs))
    numbers, others = eqx.partition(init, is_number)
    _check_numbers(numbers, init)
    costs = _measured(ScanSteps(f, numbers, others, xs, interval))
    if save:
        least = min((leaf.dtype for leaf in jax.tree.leaves(numbers)), key=_bits)
        save_costs(costs_key("scan", Flattening(numbers).size, least, interval), costs)
    return costs


def fit_costs(step: float, iterations: Mapping[int, float], interval: int) -> DeviceCosts:
    """Return the costs whose iterations are closest to those that were timed, relatively.

    Arguments:
        step: the seconds of a sequential step.
        iterations: the seconds of an iteration, by the number of steps in the window. Of one window
            all time is work; of two it is work and a constant.
        interval: L.
    """
    from scipy.optimize import nnls  # takes a third of a second to load

    times = np.array(list(iterations.values()))
    levels = [math.log2(max(math.ceil(steps / interval), 2)) for steps in iterations]
    parts = np.stack([list(iterations), np.ones(len(times)), levels], axis=1) / times[:, None]
    parts = parts[:, : len(times)]
    scale = np.max(parts, axis=0)
    fitted = nnls(parts / scale, np.ones(len(times)))[0] / scale
    work, iteration, level = map(float, [*fitted, 0.0, 0.0][:3])
    return DeviceCosts(step, iteration, level, work)


def _measured(system: Steps) -> DeviceCosts:
    """Time the steps and the iterations, in turns."""
    if not has_tangents(system.recurrence(1), system.y0):
        raise ConfigError(
            "the steps have no derivative in forward mode: there are no Newton iterations to time. "
            "They are stepped through; or give what has none (such as jax.pure_callback) one by "
            "jax.custom_jvp"
        )
    lengths = _fitting(Flattening(system.y0), system.interval)
    stepping = [_stepping(system)]
    host = host_beside()
    if host is not None:
        with jax.default_device(host):
            stepping.append(_stepping(placed(system, host)))
    runs = compiled(iterated, system, lengths)
    iterating = worth_timing({steps: timed(run) for steps, run in runs.items()})
    windows, programs = zip(*stepping, strict=True)
    seconds = seconds_per_turn([*programs, *iterating.values()])
    step, *host_step = (seconds[i] / steps for i, steps in enumerate(windows))
    by_length = dict(zip(iterating, seconds[len(windows) :], strict=True))
    costs = fit_costs(step, by_length, system.interval)
    return dataclasses.replace(costs, host_step=host_step[0]) if host_step else costs


def _stepping(system: Steps) -> tuple[int, Program]:
    """Return how many steps the windows have that are worth timing, and the program for one."""
    runs = compiled(stepped, system, _SEQUENTIAL_STEPS)
    stepping = worth_timing({steps: timed(run) for steps, run in runs.items()})
    steps = max(stepping)
    if not all_finite(runs[steps](1)):
        raise SolverError(
            f"the state does not stay finite over {steps} steps: choose smaller ones (dt0, or "
            "--dt), or start from another state"
        )
    return steps, stepping[steps]


def _fitting(flattening: Flattening, interval: int) -> Sequence[int]:
    """Return the lengths of windows that fit into the memory of the device."""
    lengths = _PARALLEL_STEPS.get(device_in_use().platform, _PARALLEL_STEPS_ELSE)
    if flattening.size > _MANY_VARIABLES:
        lengths = [steps // _SHORTER for steps in lengths]
    memory = PieceMemory.of(Method(interval=interval), flattening.size, flattening.dtype)
    fitting = [steps for steps in lengths if memory.fits(steps)]
    if not fitting:
        raise ConfigError(
            f"a window of {lengths[0]} steps of {flattening.size} variables takes "
            f"{size_text(memory.needed(lengths[0]))} of memory: such states are stepped through, "
            "with mode='sequential', and there is nothing to calibrate"
        )
    return fitting


def _check_numbers(numbers: PyTree, state: PyTree) -> None:
    leaves = jax.tree.leaves(numbers)
    if not sum(leaf.size for leaf in leaves) or not all(map(is_number, leaves)):
        raise ConfigError(
            "the state must hold real or complex numbers in floating point, or there is nothing to "
            f"calibrate; it is {jax.tree.map(lambda leaf: leaf.dtype.name, state)}"
        )


def _check_not_tracing(tree: PyTree) -> None:
    leaves = [*jax.tree.leaves(tree), jnp.add(jnp.zeros(()), 1)]
    if any(isinstance(leaf, Tracer) for leaf in leaves):
        raise ConfigError(
            "time cannot be measured while jax is tracing: call it outside "
            "jax.jit, jax.vmap and jax.grad, with numbers"
        )


def _bits(dtype: Any) -> int:
    return jnp.finfo(dtype).bits
