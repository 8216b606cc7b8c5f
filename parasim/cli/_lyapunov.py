"""`parasim lyapunov`: the Lyapunov exponents of a system."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parasim._errors import ConfigError
from parasim.cli._completion import complete_systems
from parasim.cli._json import say
from parasim.cli._options import Assignment, debug_option, json_option

if TYPE_CHECKING:
    from parasim.integrators import Exponents
    from parasim.simulation import Plan

_EPILOG = """\b
Examples:
  parasim lyapunov lorenz63 --t1 2000 --dt 0.01 --exponents all --plot lorenz.png
  parasim lyapunov lorenz96 --set sites=36 --t1 500 --dt 0.05

Standard errors are from the means of equal blocks of the run, after the transient. They do not
know what the step does to the exponents: halve --dt to see that.

Exit codes: 0 done, 2 something was asked for that cannot be done, 3 the integration failed, 4 the
picture cannot be written."""


@click.command(epilog=_EPILOG)
@click.argument("system", shell_complete=complete_systems)
@click.option("--t0", metavar="T", help="First time, in the system's unit.  [default: 0]")
@click.option("--t1", metavar="T", help="Last time; a whole number of steps after t0.")
@click.option("--dt", metavar="H", help="Step; a number, or a fraction such as 1/12.  "
              "[default: the system's own]")  # fmt: skip
@click.option("--exponents", metavar="K", default="1", help="How many, the largest first; or all.")
@click.option("--transient", metavar="T", help="Time at the beginning that does not count.  "
              "[default: a tenth of all]")  # fmt: skip
@click.option("--blocks", type=int, metavar="B", default=32, help="For the standard errors.")
@click.option("--set", "set_", type=Assignment(), multiple=True, help="A parameter or an option.")
@click.option("--y0", type=Assignment(), multiple=True, help="An initial value, or several: x=1,2.")
@click.option("--mode", metavar="MODE", help="auto, parallel or sequential.  [default: auto]")
@click.option("--solver", metavar="NAME", help="Of the steps, as for `parasim run`.  [default: "
              "tsit5]")  # fmt: skip
@click.option("--steps", type=int, metavar="N", help="Steps in a window.  [default: 1024]")
@click.option("--dtype", metavar="DTYPE", help="float64 or float32.  [default: float64]")
@click.option("--seed", type=int, metavar="S", help="For a random initial state.  [default: 0]")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE",
              help="Draw the convergence into a picture, such as l.png.")  # fmt: skip
@click.option("--dry-run", is_flag=True, show_default=False, help="Say what would be measured, and "
              "measure and write nothing.")  # fmt: skip
@json_option
@debug_option
def lyapunov(
    system: str,
    *,
    exponents: str,
    transient: str | None,
    blocks: int,
    plot: Path | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure the Lyapunov exponents of a SYSTEM.

    SYSTEM is a name that `parasim systems` lists. The exponents say how fast small differences
    grow; the Kaplan-Yorke dimension follows from them.
    """
    from parasim.simulation import check_values, parse_number

    flags = {key: value for key, value in options.items() if value is not None}
    flags |= {"system": system, "set": dict(flags.pop("set_")), "y0": dict(flags["y0"])}
    values = check_values(flags, required=("system", "t1"))
    count = _count(exponents)
    skipped = None if transient is None else parse_number("transient", transient)

    import jax

    from parasim.cli._exponents import (
        describe_exponents,
        describe_measurement,
        exponents_record,
        measurement_record,
    )
    from parasim.simulation import plan_exponents, plan_values

    if plot is not None:
        from parasim.analyses.pictures import check_picture

        check_picture(plot)
    with jax.enable_x64(values.get("dtype", "float64") == "float64"):
        plan = plan_values(values)
        if dry_run:
            planned = measurement_record(plan, count, plot)
            say(planned, describe_measurement(plan, count, plot), as_json=as_json)
            return
        result = plan_exponents(plan, exponents=count, transient=skipped, blocks=blocks)
        say(exponents_record(plan, result), describe_exponents(plan, result), as_json=as_json)
        if plot is not None:
            _draw(plot, result, plan)


def _draw(path: Path, exponents: "Exponents", plan: "Plan") -> None:
    """Write the picture of how the exponents converged."""
    import numpy as np

    from parasim.analyses.pictures import draw_convergence, new_figure, save_picture, styled

    with styled():
        figure = new_figure(8, 5)
        draw_convergence(
            figure.subplots(),
            *(
                np.asarray(a)
                for a in (exponents.times, exponents.history, exponents.standard_error)
            ),
            title=plan.model.name,
            time_unit=plan.model.time_unit,
        )
    save_picture(figure, path)


def _count(text: str) -> int | None:
    if text.strip().lower() == "all":
        return None
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"exponents must be a whole number or all, not {text!r}") from None
