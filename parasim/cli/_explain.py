"""`parasim explain`: what was decided in a run, and what the other choice would have cost."""

import dataclasses

import click

from parasim.cli._completion import complete_stores
from parasim.cli._json import write_json
from parasim.cli._options import debug_option, json_option

_EPILOG = """\b
Examples:
  parasim explain lorenz.zarr
  parasim explain lorenz.zarr --json > lorenz.json

Times are reckoned, as the decision does it, by what a step and a Newton iteration cost on the
device: estimates, or what `parasim calibrate` has measured. They are in units of one step made
after the other.

Exit codes: 0 done, 4 the store cannot be used."""


@click.command(epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@click.option("--all", "everything", is_flag=True, help="All windows, not a screenful.")
@json_option
@debug_option
def explain(store: str, *, everything: bool, as_json: bool) -> None:
    """Say what was decided in a run, and why.

    And what the other choice would have cost. STORE is what `parasim run --out` wrote. The run may
    still be going on, or have failed.
    """
    from parasim.simulation import explain_store

    explanation = explain_store(store)
    if as_json:
        write_json(dataclasses.asdict(explanation) | {"speed": explanation.speed})
        return
    from parasim.cli._explanation import show_explanation

    show_explanation(explanation, everything=everything)
