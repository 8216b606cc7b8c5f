"""What the modes take on this machine, beside each other: what `parasim bench` shows."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from parasim._errors import SolverError
from parasim._numbers import whole_number
from parasim.simulation.planning._config import plan_values
from parasim.simulation.planning._plan import Plan
from parasim.simulation.running._compile import Compiled, compile_plan
from parasim.simulation.running._execute import calls, one_behind

BENCH_MODES = ("sequential", "parallel", "auto")


@dataclass(frozen=True)
class ModeTimes:
    """What a mode took.

    Attributes:
        mode: its name.
        compile_seconds: once, before anything was computed.
        seconds: of each run, in the order of the rounds.
        relative: of each run, to the sequential one of the same round.
        parallel_windows: how many windows Newton's method delivered.
    """

    mode: str
    compile_seconds: float
    seconds: tuple[float, ...]
    relative: tuple[float, ...]
    parallel_windows: int

    @property
    def median(self) -> float:
        """The median of `seconds`."""
        return statistics.median(self.seconds)

    @property
    def ratio(self) -> float:
        """The median of `relative`."""
        return statistics.median(self.relative)


@dataclass(frozen=True)
class Bench:
    """What was measured, and of what.

    Attributes:
        system: its name.
        settings: its parameters and options.
        solver: the name of the inner solver.
        dtype: of the state.
        dt: the step.
        steps: of a run.
        windows: of a run.
        window_steps: of a window.
        platform, device: that jax computed on.
        modes: in the order of `BENCH_MODES`.
    """

    system: str
    settings: Mapping[str, Any]
    solver: str
    dtype: str
    dt: float
    steps: int
    windows: int
    window_steps: int
    platform: str
    device: str
    modes: tuple[ModeTimes, ...]


def bench(values: Mapping[str, Any], *, rounds: int, report: Callable[[str], None]) -> Bench:
    """Measure what a run takes in each mode; nothing is written.

    Every mode is compiled and run once before the clock starts. Then the modes take turns, each
    round in another order, so that what else the machine does falls on all of them.

    Arguments:
        values: by the keys of a run file, from `check_values`.
        rounds: how often each mode runs.
        report: called with what is done next.

    Raises:
        ConfigError: something cannot be done as asked.
        SolverError: the state stopped being finite.
    """
    rounds = whole_number("rounds", rounds, minimum=1)
    plans, compiled, parallel = {}, {}, {}
    for mode in BENCH_MODES:
        report(f"compiling {mode}")
        plans[mode] = plan_values({**values, "mode": mode})
        compiled[mode] = compile_plan(plans[mode])
        parallel[mode] = _timed(plans[mode], compiled[mode])[1]
    seconds: dict[str, list[float]] = {mode: [] for mode in BENCH_MODES}
    for turn in range(rounds):
        report(f"round {turn + 1} of {rounds}")
        for place in range(len(BENCH_MODES)):
            mode = BENCH_MODES[(place + turn) % len(BENCH_MODES)]
            seconds[mode].append(_timed(plans[mode], compiled[mode])[0])
    first = seconds[BENCH_MODES[0]]
    modes = tuple(
        ModeTimes(
            mode,
            compiled[mode].seconds,
            tuple(seconds[mode]),
            tuple(own / other for own, other in zip(seconds[mode], first, strict=True)),
            parallel[mode],
        )
        for mode in BENCH_MODES
    )
    plan = plans[BENCH_MODES[0]]
    return Bench(
        plan.model.name,
        plan.model.settings,
        type(plan.solver.solver).__name__,
        plan.configuration["dtype"],
        plan.grid.dt,
        plan.grid.steps,
        plan.grid.windows,
        plan.grid.window,
        plan.attributes["platform"],
        plan.attributes["device"],
        modes,
    )


def _timed(plan: Plan, compiled: Compiled) -> tuple[float, int]:
    """Make a run; return the seconds that it took, and how many windows were parallel."""
    parallel = 0
    began = time.perf_counter()
    for call in one_behind(calls(plan, compiled, compiled.position, 0)):
        done = int(call.batch.windows)  # waits for it
        if not call.batch.finite:
            raise SolverError(
                f"the state of {plan.model.name} stopped being finite at "
                f"t = {plan.grid.time(int(call.batch.bad_step)):.12g}: try a smaller dt"
            )
        jax.block_until_ready(call.batch)
        parallel += int(np.count_nonzero(np.asarray(call.batch.records.parallel)[:done]))
    return time.perf_counter() - began, parallel
