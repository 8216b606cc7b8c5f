"""`parasim verify-system`: whether a system has the numbers that it is known by."""

from typing import TYPE_CHECKING

import click

from parasim import _text
from parasim.cli._completion import complete_systems
from parasim.cli._json import write_json
from parasim.cli._options import debug_option, json_option

if TYPE_CHECKING:
    from rich.table import Table

    from parasim.simulation import Comparison

DISAGREES = 5
_WIDE = 120

_EPILOG = """\b
Examples:
  parasim verify-system lorenz63
  parasim verify-system jansen-rit --quantity hopf_points --json

Two values agree within three standard errors, or within a thousandth where there is none. Exponents
of large systems take minutes: --part 0.1 makes their runs a tenth as long, and less certain.

Exit codes: 0 all agree, 2 something was asked for that cannot be done, 3 the integration failed, 5
a value disagrees."""


@click.command("verify-system", epilog=_EPILOG)
@click.argument("name", shell_complete=complete_systems)
@click.option("--quantity", metavar="Q", help="One of what is known; all if left out.")
@click.option("--mode", metavar="MODE", default="auto", help="auto, parallel or sequential.")
@click.option("--part", type=click.FloatRange(0, 1, min_open=True), default=1.0, metavar="P",
              help="Of the length of runs for exponents.")  # fmt: skip
@json_option
@debug_option
def verify_system(name: str, quantity: str | None, mode: str, part: float, as_json: bool) -> None:
    """Measure what the system NAME is known by, and compare.

    Lyapunov exponents, periods, firing rates, bifurcations: each is measured through the same
    functions that are there for users, and printed beside its reference.
    """
    import jax

    from parasim.simulation import verify_system

    with jax.enable_x64(True):
        found = list(verify_system(name, quantity=quantity, mode=mode, part=part))
    if as_json:
        write_json([comparison.as_json() for comparison in found])
    elif found:
        from rich.console import Console

        console = Console(highlight=False, markup=False)
        if not console.is_terminal:
            console.width = _WIDE
        console.print(_table(name, found))
    else:
        click.echo(f"{name} is not known by any number.")
    if not all(comparison.agrees for comparison in found):
        click.get_current_context().exit(DISAGREES)


def _table(name: str, found: "list[Comparison]") -> "Table":
    from rich.table import Table

    table = Table("quantity", "with", "reference", "found", "verdict", title=name)
    for comparison in found:
        truth = comparison.truth
        reference = _numbers(truth.value, 0.0 if truth.standard_error is None
                             else truth.standard_error)  # fmt: skip
        given = {**truth.settings, **truth.run}
        measured = _numbers(comparison.found.value, comparison.found.standard_error)
        verdict = "agrees" if comparison.agrees else comparison.reason
        table.add_row(
            f"{truth.quantity}\n({truth.status})",
            "\n".join(_text.pairs({key: value}) for key, value in given.items()),
            reference,
            measured,
            verdict,
            style="" if comparison.agrees else "bold red",
        )
        table.add_section()
    return table


def _numbers(value: object, error: object) -> str:
    """Write numbers with their standard errors, one in a line; states as rows."""
    import numpy as np

    numbers = np.asarray(value, float)
    errors = np.broadcast_to(np.asarray(error, float), numbers.shape)
    if numbers.ndim > 1:
        return "\n".join(", ".join(f"{entry:.7g}" for entry in row) for row in numbers)
    lines = zip(np.atleast_1d(numbers), np.atleast_1d(errors), strict=True)
    return "\n".join(_text.uncertain(float(n), float(e)) if e > 0 else f"{n:.7g}" for n, e in lines)
