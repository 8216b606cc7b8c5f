"""`parasim explain`: what was decided in a run, and what the other choice would have cost."""

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

import click

from parasim.cli._options import debug_option

if TYPE_CHECKING:
    from parasim.simulation import Explanation

_EPILOG = """\b
Examples:
  parasim explain lorenz.zarr
  parasim explain lorenz.zarr --json > lorenz.json

Times are reckoned, as the decision does it, by what a step and a Newton iteration cost on the
device: estimates, or what `parasim calibrate` has measured. They are in units of one step made
after the other.

Exit codes: 0 done, 4 the store cannot be used."""


@click.command(epilog=_EPILOG)
@click.argument("store")
@click.option("--all", "everything", is_flag=True, help="All windows, not a screenful.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON; null: not known.")
@debug_option
def explain(store: str, *, everything: bool, as_json: bool) -> None:
    """Say what was decided in a run, why, and what else it would have cost.

    STORE is what `parasim run --out` wrote. The run may still be going on, or have failed.
    """
    from parasim.simulation import explain_store

    explanation = explain_store(store)
    if as_json:
        click.echo(json.dumps(_plain(explanation), indent=2, ensure_ascii=False))
        return
    from parasim.cli._explanation import show_explanation

    show_explanation(explanation, everything=everything)


def _plain(explanation: "Explanation") -> dict[str, Any]:
    """Return what JSON can hold; it has neither NaN nor infinity."""
    values = dataclasses.asdict(explanation) | {"speed": explanation.speed}
    return _known(values)


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
