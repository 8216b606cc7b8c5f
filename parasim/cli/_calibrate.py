"""`parasim calibrate`: measure what windows cost here, for the choice of mode."""

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import click

from parasim import _text
from parasim.cli._completion import complete_systems
from parasim.cli._json import say
from parasim.cli._options import Assignment, debug_option, json_option

if TYPE_CHECKING:
    from parasim.integrators.decision._costs_cache import CostsKey
    from parasim.simulation import Calibration, CalibrationPlan

_SHOWN_STEPS = (256, 1024, 4096)

_EPILOG = """\b
Examples:
  parasim calibrate lorenz63
  parasim calibrate lorenz96 --set sites=36 --dtype float32

The times are kept per device, number of variables and dtype in your cache directory, or in the one
that the environment variable PARASIM_CACHE_DIR names.

Exit codes: 0 done, 2 something was asked for that cannot be done, 3 the integration failed."""


@click.command(epilog=_EPILOG)
@click.argument("system", shell_complete=complete_systems)
@click.option("--dt", metavar="H", default="0.01", help="Step; costs hardly depend on it.")
@click.option("--set", "set_", type=Assignment(), multiple=True, help="A parameter or an option.")
@click.option("--solver", metavar="NAME", default="tsit5", help="Of the steps, as in run.")
@click.option("--dtype", metavar="DTYPE", default="float64", help="float64 or float32.")
@click.option("--dry-run", is_flag=True, show_default=False, help="Say what would be measured and "
              "where it would be kept, and measure and write nothing.")  # fmt: skip
@json_option
@debug_option
def calibrate(
    system: str, *, set_: Any, dtype: str, dry_run: bool, as_json: bool, **options: str
) -> None:
    """Measure what steps and Newton iterations cost here.

    SYSTEM is a name that `parasim systems` lists. From then on mode auto decides by what was
    measured, for every system with as many variables of this dtype. Takes a few seconds; a machine
    that does nothing else gives the best times.
    """
    import jax

    from parasim.simulation import calibrate_system, plan_calibration

    with jax.enable_x64(dtype != "float32"):
        plan = plan_calibration(system, params=dict(set_), dtype=dtype, **options)
        if dry_run:
            say(_planned(plan), _describe_plan(plan), as_json=as_json)
            return
        done = calibrate_system(plan)
    about, costs = done.about._asdict(), dataclasses.asdict(done.costs)
    record = {**dataclasses.asdict(done), "about": about, "costs": costs}
    say(record, _describe(done), as_json=as_json)


def _planned(plan: "CalibrationPlan") -> dict[str, Any]:
    about = plan.about._asdict()
    given = {"system": plan.model.name, "solver": plan.solver, "dt": plan.step, "about": about}
    return {"written": False, **given, "file": plan.file}


def _describe_plan(plan: "CalibrationPlan") -> str:
    known = " (there, and would be replaced)" if plan.file.exists() else ""
    lines = [*_about(plan.model.name, plan.solver, plan.about), ("file", f"{plan.file}{known}")]
    return _text.aligned(lines) + "\n\nNothing was measured or written (--dry-run)."


def _about(system: str, solver: str, about: "CostsKey") -> list[tuple[str, str]]:
    variables = "1 variable" if about.size == 1 else f"{_text.count(about.size)} variables"
    return [
        ("system", f"{system}: {variables}, {about.dtype}, {solver}"),
        ("device", f"{about.platform}, {about.device}"),
    ]


def _describe(done: "Calibration") -> str:
    costs = done.costs
    lines = [
        *_about(done.system, done.solver, done.about),
        ("step", f"{_text.microseconds(costs.step)}, one after the other"),
        *_host(done),
        ("written to", str(done.file) if done.file else "nothing: see the warning"),
        ("took", _text.seconds(done.seconds)),
    ]
    heading = ("window", "stepped through", "one iteration", "parallel loses")
    table = _text.columns([heading, *(_window(done, steps) for steps in _SHOWN_STEPS)])
    return "\n".join([_text.aligned(lines), "", *table])


def _host(done: "Calibration") -> list[tuple[str, str]]:
    """Say what a step takes on the CPU beside an accelerator."""
    costs = done.costs
    if costs.host_step is None:
        return []
    used = "`parasim run` steps there" if costs.stepping < costs.step else "not used"
    return [("on the CPU", f"{_text.microseconds(costs.host_step)}: {used}")]


def _window(done: "Calibration", steps: int) -> tuple[str, str, str, str]:
    """Say what a window costs, and from how many iterations on it had better be stepped through."""
    times = done.window(steps)
    loses = f"from {_text.count(math.floor(times.affordable) + 1)} iterations on"
    return (
        f"{_text.count(steps)} steps",
        _text.microseconds(times.sequential),
        _text.microseconds(times.iteration),
        "always" if times.affordable < 1 else loses,
    )
