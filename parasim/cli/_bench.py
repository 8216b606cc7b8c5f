"""`parasim bench`: what the modes take on this machine."""

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from parasim import _text
from parasim._errors import ConfigError
from parasim.cli._completion import complete_systems
from parasim.cli._json import write_json
from parasim.cli._options import Assignment, debug_option, json_option

if TYPE_CHECKING:
    from parasim.simulation import Bench

_EPILOG = """\b
Examples:
  parasim bench lorenz63
  parasim bench lorenz96 --set sites=36 --dt 0.05 --windows 8 --rounds 11 --json

The modes take turns, each round in another order. "of sequential" is the median over rounds of the
time of a mode relative to the sequential run of the same round, with the least and the greatest.
Compilation is not in these times. Nothing is written; results stay on the device.

Exit codes: 0 done, 2 something was asked for that cannot be done, 3 the integration failed."""


_SHORT = 0.02  # seconds


@click.command(epilog=_EPILOG)
@click.argument("system", shell_complete=complete_systems)
@click.option("--dt", metavar="H", default="0.01", help="Step; a number, or a fraction such as "
              "1/12.")  # fmt: skip
@click.option("--windows", type=int, metavar="N", default=16, help="Of a run.")
@click.option("--steps", type=int, metavar="N", default=1024, help="Steps in a window.")
@click.option("--rounds", type=int, metavar="N", default=7, help="How often each mode runs.")
@click.option("--set", "set_", type=Assignment(), multiple=True, help="A parameter or an option.")
@click.option("--y0", type=Assignment(), multiple=True, help="An initial value, or several: x=1,2.")
@click.option("--solver", metavar="NAME", default="tsit5", help="Of the steps, as in run.")
@click.option("--dtype", metavar="DTYPE", default="float64", help="float64 or float32.")
@click.option("--seed", type=int, metavar="S", default=0, help="For a random initial state.")
@json_option
@debug_option
def bench(
    system: str, *, windows: int, rounds: int, set_: Any, as_json: bool, **options: Any
) -> None:
    """Time sequential, parallel and auto for a SYSTEM here.

    SYSTEM is a name that `parasim systems` lists.
    """
    from parasim.simulation import check_values, parse_number

    if windows < 1:
        raise ConfigError(f"windows must be at least 1, not {windows}")
    given = {**options, "system": system, "set": dict(set_), "y0": dict(options["y0"])}
    given["t1"] = windows * options["steps"] * parse_number("dt", options["dt"])
    values = check_values(given, required=("system", "dt"))

    import jax
    from rich.console import Console

    from parasim.simulation import bench as measure

    console = Console(stderr=True)
    with jax.enable_x64(values["dtype"] == "float64"), console.status("") as status:
        done = measure(values, rounds=rounds, report=status.update)
    if as_json:
        modes = [dataclasses.asdict(m) | {"median": m.median, "ratio": m.ratio} for m in done.modes]
        write_json({**dataclasses.asdict(done), "modes": modes})
        return
    click.echo(_describe(done, rounds))


def _describe(done: "Bench", rounds: int) -> str:
    lines = [
        ("system", f"{done.system}, {done.solver}, {done.dtype}, dt = {_text.number(done.dt)}"),
        ("parameters", _text.pairs(done.settings)),
        ("run", f"{_text.count(done.steps)} steps in {_text.count(done.windows)} windows of "
                f"{_text.count(done.window_steps)}, {_text.count(rounds)} rounds"),
        ("device", f"{done.platform} ({done.device})"),
    ]  # fmt: skip
    heading = ("mode", "median", "a step", "of sequential", "parallel windows", "compiled in")
    rows = [
        (
            mode.mode,
            _text.seconds(mode.median),
            _text.microseconds(mode.median / done.steps),
            f"{mode.ratio:.3g} ({min(mode.relative):.3g} to {max(mode.relative):.3g})",
            f"{_text.count(mode.parallel_windows)} of {_text.count(done.windows)}",
            _text.seconds(mode.compile_seconds),
        )
        for mode in done.modes
    ]
    table = [_text.aligned(lines), "", *_text.columns([heading, *rows])]
    if done.modes[0].median < _SHORT:
        table += ["", "The runs are so short that much of this is noise: take more --windows."]
    return "\n".join(table)
