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
from parasim.integrators.decision._costs_cache import (
    CostsKey,
    costs_file,
    costs_key,
    save_costs,
)
from parasim.integrators.newton._flatten import Flattening
from parasim.plugins import build_system
from parasim.simulation.planning._dtype import resolve_dtype
from parasim.simulation.planning._model import Model, system_model
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


@dataclass(frozen=True, eq=False)
class CalibrationPlan:
    """What would be measured.

    Attributes:
        model: the system.
        solver: the name of the inner solver.
        newton: the same, in windows.
        step: its length.
        about: the device, the number of variables, the dtype and the interval.
    """

    model: Model
    solver: str
    newton: ParallelNewton
    step: float
    about: CostsKey

    @property
    def file(self) -> Path:
        """Where the costs are to be kept."""
        return costs_file(self.about)


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


def plan_calibration(
    system: str,
    *,
    params: Mapping[str, Any] | None = None,
    dt: Any = 0.01,
    dtype: Any = None,
    solver: str = "tsit5",
) -> CalibrationPlan:
    """Check what is to be measured; measures and writes nothing.

    Arguments:
        system: its name.
        params: parameters and structural options by name; numbers may be text.
        dt: the step, in the system's unit of time; costs hardly depend on it.
        dtype: float32 or float64; by default the widest that jax is set to.
        solver: the name of the inner solver.

    Raises:
        ConfigError: something cannot be done as asked; the message names the remedy.
    """
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
    newton = ParallelNewton(inner_solver(name, kind))
    about = costs_key("diffrax", Flattening(model.y0).size, kind, newton.method.interval)
    return CalibrationPlan(model, name, newton, step, about)


def calibrate_system(plan: CalibrationPlan) -> Calibration:
    """Measure what steps and Newton iterations cost on this device, and keep it.

    Raises:
        SolverError: the state does not stay finite.
    """
    start = time.perf_counter()
    model, term = plan.model, diffrax.ODETerm(plan.model.rule)
    costs = calibrate(term, plan.newton, model.y0, model.args, dt0=plan.step, save=False)
    file = save_costs(plan.about, costs)
    seconds = time.perf_counter() - start
    return Calibration(model.name, plan.solver, costs, plan.about, file, seconds)
