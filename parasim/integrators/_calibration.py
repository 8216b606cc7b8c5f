"""Measures what windows cost on the device at hand: a sequential step, and a Newton iteration."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Int, PyTree

from parasim._errors import ConfigError, SolverError
from parasim._memory import device_memory, size_text
from parasim.integrators._costs import DeviceCosts
from parasim.integrators._costs_cache import costs_key, save_costs
from parasim.integrators._finite import all_finite
from parasim.integrators._flatten import Flattening
from parasim.integrators._newton import NewtonOptions, NewtonResult, newton
from parasim.integrators._parallel_newton import ParallelNewton
from parasim.integrators._recurrence import Recurrence, first_guess, shooting_intervals
from parasim.integrators._steps import window_recurrence
from parasim.integrators._timing import Program, seconds_per_turn, worth_timing

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

    The times are kept in the user's cache directory, or in the one that the environment variable
    `PARASIM_CACHE_DIR` names, per device, number of variables, dtype and interval. From then on
    they are what `mode="auto"` decides by, in this process and in later ones, for every system of
    as many variables of that dtype. This takes a few seconds, most of them to compile. A busy
    machine does no harm as long as some of many short runs are undisturbed.

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
    solver = solver if isinstance(solver, ParallelNewton) else ParallelNewton(solver)
    y0, t0, dt0 = jax.tree.map(jnp.asarray, (y0, t0, dt0))
    _check_not_tracing((terms, y0, args, t0, dt0))
    flattening = Flattening(y0)
    if not flattening.size:
        raise ConfigError("y0 has no numbers, so there is nothing to calibrate: give another one")
    time_type = flattening.dtype
    system = _System(solver, terms, args, y0, t0.astype(time_type), dt0.astype(time_type))
    costs = _measured(system, flattening)
    if save:
        save_costs(costs_key("diffrax", flattening.size, flattening.dtype, solver.interval), costs)
    return costs


def fit_costs(step: float, iterations: Mapping[int, float], interval: int) -> DeviceCosts:
    """Return the costs whose iterations are closest to those that were timed, relatively.

    Arguments:
        step: the seconds of a sequential step.
        iterations: the seconds of an iteration, by the number of steps in the window. Those of one
            window only count as work, in proportion to its steps.
        interval: L.
    """
    from scipy.optimize import nnls  # takes a third of a second to load

    times = np.array(list(iterations.values()))
    levels = [math.log2(max(math.ceil(steps / interval), 2)) for steps in iterations]
    parts = np.stack([list(iterations), levels, np.ones(len(times))], axis=1) / times[:, None]
    scale = np.max(parts, axis=0)
    work, level, iteration = nnls(parts / scale, np.ones(len(times)))[0] / scale
    return DeviceCosts(step, float(iteration), float(level), float(work))


class _System(eqx.Module):
    """What is timed: the product's own windows of a system, all of them from the same state."""

    solver: ParallelNewton
    terms: PyTree
    args: PyTree
    y0: PyTree
    t0: Array
    dt0: Array

    def recurrence(self, steps: int) -> Recurrence:
        """Return a window of so many steps."""
        nodes = self.t0 + jnp.arange(steps + 1).astype(self.dt0.dtype) * self.dt0
        return window_recurrence(
            self.solver.solver,
            self.terms,
            self.args,
            nodes,
            self.dt0,
            self.y0,
            self.solver.interval,
        )[0]

    def stepped(self, steps: int, turns: Int[Array, ""]) -> PyTree:
        """Step through a window so many times; return its states."""
        sequential = eqx.tree_at(lambda s: s.mode, self.solver, "sequential")
        sequential = sequential.window_solver(self.y0)

        def turn(_: Array, states: PyTree) -> PyTree:
            # All turns are the same, and the compiler must not see it.
            y0 = jax.tree.map(
                lambda leaf, later: jnp.where(turns < 0, later[-1], leaf), self.y0, states
            )
            _, states, _, _ = sequential.solve(self.recurrence(steps), y0, sequential.start(y0))
            return states

        states = jax.tree.map(lambda leaf: jnp.zeros((steps, *leaf.shape), leaf.dtype), self.y0)
        return jax.lax.fori_loop(0, turns, turn, states)

    def iterated(self, steps: int, turns: Int[Array, ""]) -> NewtonResult:
        """Make so many Newton iterations on a window: the tolerance is one that nothing meets."""
        flattening, recurrence = Flattening(self.y0), self.recurrence(steps)
        vector = flattening.flatten(self.y0)
        intervals = shooting_intervals(recurrence, flattening, vector, self.solver.interval)
        guess = first_guess(recurrence, flattening, vector)
        options = NewtonOptions(self.solver.interval, math.nan, math.nan, 1, 1)
        options = eqx.tree_at(
            lambda o: (o.max_iterations, o.restart_every), options, (turns, turns)
        )
        return newton(intervals, vector, guess, options)


def _measured(system: _System, flattening: Flattening) -> DeviceCosts:
    """Time the steps and the iterations, in turns."""
    lengths = _fitting(flattening, system.solver.interval)
    work = [(_System.stepped, steps) for steps in _SEQUENTIAL_STEPS]
    work += [(_System.iterated, steps) for steps in lengths]
    runs = _compiled(system, work)
    stepped, iterated = runs[: len(_SEQUENTIAL_STEPS)], runs[len(_SEQUENTIAL_STEPS) :]
    _check_finite(system, stepped[-1](1))
    stepping = worth_timing(dict(zip(_SEQUENTIAL_STEPS, map(_timed, stepped), strict=True)))
    iterating = worth_timing(dict(zip(lengths, map(_timed, iterated), strict=True)))
    steps = max(stepping)
    window, *iterations = seconds_per_turn([stepping[steps], *iterating.values()])
    by_length = dict(zip(iterating, iterations, strict=True))
    return fit_costs(window / steps, by_length, system.solver.interval)


def _compiled(
    system: _System, work: Sequence[tuple[Callable[[_System, int, Array], PyTree], int]]
) -> list[Callable[[int], PyTree]]:
    """Compile programs, side by side; what they are called with is a number of turns."""

    def lowered(method: Callable[[_System, int, Array], PyTree], steps: int) -> Any:
        function = eqx.filter_jit(lambda system, turns: method(system, steps, turns))
        return function.lower(system, jnp.zeros((), jnp.int32))  # type: ignore[attr-defined]

    def run(compiled: Any) -> Callable[[int], PyTree]:
        return lambda turns: compiled(system, jnp.asarray(turns, jnp.int32))

    programs = [lowered(*one) for one in work]  # here: threads have settings of jax of their own
    with ThreadPoolExecutor() as pool:
        return [run(compiled) for compiled in pool.map(lambda one: one.compile(), programs)]


def _timed(run: Callable[[int], PyTree]) -> Program:
    def program(turns: int) -> float:
        start = time.perf_counter()
        jax.block_until_ready(run(turns))
        return time.perf_counter() - start

    return program


def _check_finite(system: _System, states: PyTree) -> None:
    if not all_finite(states):
        raise SolverError(
            f"the state does not stay finite over {_SEQUENTIAL_STEPS[-1]} steps of "
            f"{float(system.dt0):g}: choose a smaller dt0, or start from another state"
        )


def _fitting(flattening: Flattening, interval: int) -> Sequence[int]:
    """Return the lengths of windows that fit into a quarter of the device's memory."""
    size, itemsize = flattening.size, flattening.dtype.itemsize
    there = (device_memory() or math.inf) / 4
    lengths = _PARALLEL_STEPS.get(jax.default_backend(), _PARALLEL_STEPS_ELSE)
    if size > _MANY_VARIABLES:
        lengths = [steps // _SHORTER for steps in lengths]
    # Jacobians, and as much again twice in the scan.
    needed = {n: 3 * itemsize * math.ceil(n / interval) * size * (size + 2) for n in lengths}
    fitting = [steps for steps in lengths if needed[steps] <= there]
    if not fitting:
        raise ConfigError(
            f"a window of {lengths[0]} steps of {size} variables takes "
            f"{size_text(needed[lengths[0]])} of memory: such states are stepped through, with "
            "mode='sequential', and there is nothing to calibrate"
        )
    return fitting


def _check_not_tracing(tree: PyTree) -> None:
    leaves = [*jax.tree.leaves(tree), jnp.add(jnp.zeros(()), 1)]
    if any(isinstance(leaf, Tracer) for leaf in leaves):
        raise ConfigError(
            "calibrate measures time, which cannot be done while jax traces: call it outside "
            "jax.jit, jax.vmap and jax.grad, with numbers"
        )
