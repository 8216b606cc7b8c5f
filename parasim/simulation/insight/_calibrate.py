"""Calibration of a system by its name, which `parasim calibrate` shows."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import diffrax

from parasim._errors import ConfigError
from parasim._numbers import finite_number
from parasim.integrators import DeviceCosts, ParallelNewton, calibrate
from parasim.integrators.decision._costs_cache import CostsKey, costs_key, save_costs
from parasim.integrators.newton._flatten import Flattening
from parasim.plugins import build_system
from parasim.simulation.planning._dtype import resolve_dtype
from parasim.simulation.planning._model import system_model
from parasim.simulation.planning._runs import single_run
from parasim.simulation.planning._solvers import check_solver_name, inner_solver
from parasim.simulation.planning._values import parse_number, parse_settings


@dataclass(frozen=True)
class Calibration:
    """What was measured.

    Attributes:
        system: its name.
        solver: the name of the inner solver.
        costs: in seconds.
        about: the device, the number of variables, the dtype and the interval.
        file: where the costs are kept; None if they could not be written.
        seconds: what measuring took.
    """

    system: str
    solver: str
    costs: DeviceCosts
    about: CostsKey
    file: Path | None
    seconds: float

    def window(self, steps: int) -> "WindowTimes":
        """Return what a window of so many steps takes."""
        interval = self.about.interval
        return WindowTimes(
            self.costs.stepping * steps,
            self.costs.one_iteration(steps, interval),
            self.costs.affordable_iterations(steps, interval),
        )


class WindowTimes(NamedTuple):
    """What a window takes.

    Attributes:
        sequential: the seconds to step through it, where that is faster.
        iteration: the seconds of a Newton iteration.
        affordable: how many iterations take as long as stepping through it.
    """

    sequential: float
    iteration: float
    affordable: float


def calibrate_system(
    system: str,
    *,
    params: Mapping[str, Any] | None = None,
    dt: Any = 0.01,
    dtype: Any = None,
    solver: str = "tsit5",
) -> Calibration:
    """Measure what steps and Newton iterations cost on this device, and keep it.

    Arguments:
        system: its name.
        params: parameters and structural options by name; numbers may be text.
        dt: the step, in the system's unit of time; costs hardly depend on it.
        dtype: float32 or float64; by default the widest that jax is set to.
        solver: the name of the inner solver.

    Raises:
        ConfigError: something cannot be done as asked; the message names the remedy.
        SolverError: the state does not stay finite.
    """
    start = time.perf_counter()
    kind, name = resolve_dtype(dtype), check_solver_name(solver)
    built, values = build_system(system, parse_settings("set", params or {}))
    if built.is_recurrence or built.resets:
        raise ConfigError(
            f"{built.name} is a recurrence, or has jumps, and costs are kept for the steps of "
            "differential equations: calibrate a system of as many variables without jumps"
        )
    model = system_model(built, values, None, dtype=kind, runs=single_run())
    step = finite_number("dt", parse_number("dt", dt))
    if step <= 0:
        raise ConfigError(f"dt must be positive, not {step:.12g}: it is the length of a step")
    term, newton = diffrax.ODETerm(model.rule), ParallelNewton(inner_solver(name, kind))
    costs = calibrate(term, newton, model.y0, model.args, dt0=step, save=False)
    about = costs_key("diffrax", Flattening(model.y0).size, kind, newton.interval)
    file = save_costs(about, costs)
    return Calibration(model.name, name, costs, about, file, time.perf_counter() - start)
