"""`parasim cite`: what to cite for a run."""

from typing import TYPE_CHECKING

import click

from parasim.cli._completion import complete_stores
from parasim.cli._json import write_json
from parasim.cli._options import debug_option, json_option

if TYPE_CHECKING:
    from parasim.io import StoredWindows

_EPILOG = """\b
Examples:
  parasim cite lorenz.zarr
  parasim cite lorenz.zarr >> paper.bib

The entries of the system, the solver and the packages are in the store, with the versions that
were used. The method that computes in parallel in time is there if it computed a window.

Exit codes: 0 done, 4 the store cannot be used."""


@click.command(epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@json_option
@debug_option
def cite(store: str, *, as_json: bool) -> None:
    """Print BibTeX entries for everything that a run used.

    STORE is what `parasim run --out` wrote. The run may still be going on, or have failed.
    """
    text = bibtex_of(store)
    if as_json:
        from parasim._bibtex import split_entries

        write_json(split_entries(text))
        return
    click.echo(text)


def bibtex_of(store: str) -> str:
    """Return the entries of everything that a run used.

    Raises:
        StoreError: there is no store, or it is something else.
    """
    from parasim.io import read_windows

    windows = read_windows(store)
    stored = windows.attributes.get("bibtex", "")
    return "\n\n".join(filter(None, [stored, _methods(windows, stored)]))


def _methods(windows: "StoredWindows", stored: str) -> str:
    """Return the entries of what the windows say was used."""
    from parasim._bibtex import join_groups
    from parasim._citations import MULTIPLE_SHOOTING, NEWTON_IN_TIME

    if not (windows.values["iterations"] > 0).any():
        return ""
    shooting = windows.attributes["configuration"]["solver"]["method"]["interval"] > 1
    methods = [NEWTON_IN_TIME, MULTIPLE_SHOOTING if shooting else ""]
    return join_groups({"The method that computed windows in parallel": methods}, stored)
