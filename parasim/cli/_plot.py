"""`parasim plot`: a picture of a store, as a file or in a window."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parasim import _text
from parasim._numbers import finite_number
from parasim.cli._completion import complete_stores, complete_words
from parasim.cli._json import say
from parasim.cli._options import Assignment, debug_option, json_option

if TYPE_CHECKING:
    import xarray as xr

KINDS = ("auto", "series", "phase", "space-time", "map", "raster", "growth")

_EPILOG = """\b
Kinds:
  series      variables against time; of long runs the range of each few values, of an ensemble the
              median and the 5 to 95 % range
  phase       one variable against another
  space-time  a field against time and space
  map         the last state of a field in two dimensions of space
  raster      the spikes of many cells or members
  growth      how small differences grew, and which windows were found in parallel
  auto        all of these that say something about the run

\b
Examples:
  parasim plot lorenz.zarr
  parasim plot lorenz.zarr --kind phase --variables x,z --t0 50 --out attractor.svg
  parasim plot l96.zarr --kind space-time --show
  parasim plot sweep.zarr --kind series --select F=8 --select member=0,3

The store may be larger than memory, and its run may still be going on. Without --t0 or --t1, phase
and space-time show the end of a long run.

Exit codes: 0 done, 2 something was asked for that cannot be done, 4 the store cannot be read or the
picture not be written."""


@click.command(epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@click.option("--kind", metavar="KIND", default="auto", help="See below.",
              shell_complete=complete_words(*KINDS))  # fmt: skip
@click.option("--variables", metavar="NAME,...", multiple=True, help="Which; may be repeated.  "
              "[default: those that suit]")  # fmt: skip
@click.option("--select", type=Assignment("DIM=VALUE,..."), multiple=True, help="Some members, "
              "values of a sweep, or places only.")  # fmt: skip
@click.option("--t0", type=float, metavar="T", help="From then on.  [default: the beginning]")
@click.option("--t1", type=float, metavar="T", help="Until then.  [default: the end]")
@click.option("--threshold", type=float, metavar="V", help="That a spike passes upwards.  "
              "[default: halfway between the extremes]")  # fmt: skip
@click.option("--out", metavar="FILE", help="A picture such as p.png or p.svg.  [default: the "
              "store's name with .png, in this folder]")  # fmt: skip
@click.option("--show", is_flag=True, show_default=False, help="Open a window, and write a file "
              "only with --out.")  # fmt: skip
@click.option("--overwrite", is_flag=True, show_default=False, help="Replace an existing file.")
@click.option("--dry-run", is_flag=True, show_default=False, help="Say what would be drawn, and "
              "write nothing.")  # fmt: skip
@click.option("--quiet", is_flag=True, show_default=False, help="Say nothing.")
@json_option
@debug_option
def plot(
    store: str,
    *,
    kind: str,
    variables: tuple[str, ...],
    select: tuple[tuple[str, str], ...],
    t0: float | None,
    t1: float | None,
    threshold: float | None,
    out: str | None,
    show: bool,
    overwrite: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw a STORE.

    STORE is what `parasim run --out` wrote, or any zarr store with variables along time.
    """
    for name, value in (("t0", t0), ("t1", t1), ("threshold", threshold)):
        if value is not None:
            finite_number(name, value)

    from parasim.analyses.pictures import (
        check_picture,
        kinds_of,
        picture,
        save_picture,
        show_picture,
    )
    from parasim.cli._datasets import open_dataset

    target = None
    if out is not None or not show:
        target = check_picture(out or default_target(store, ".png"), overwrite=overwrite)
    names = tuple(name.strip() for given in variables for name in given.split(","))
    dataset = _chosen(open_dataset(store), select)
    record: dict[str, Any] = {
        "written": False,
        "store": store,
        "kinds": kinds_of(dataset, kind, names),
        "file": target,
    }
    if dry_run:
        say(record, _describe(record), as_json=as_json)
        return
    figure = picture(
        dataset, kind, names, t0=t0, t1=t1, threshold=threshold,
        title=str(dataset.attrs.get("title", "")),
    )  # fmt: skip
    if target is not None:
        save_picture(figure, target)
        record |= {"written": True, "size": target.stat().st_size}
        if as_json or not quiet:
            say(record, f"{target}, {_text.size(record['size'])}", as_json=as_json)
    if show:
        show_picture(figure)


def default_target(store: str, suffix: str) -> Path:
    """Return where a file goes that has no name: beside nothing else, named like the store."""
    name = Path(store.rstrip("/").rpartition("/")[2] or "run").stem
    return Path(f"{name}{suffix}")


def _chosen(dataset: "xr.Dataset", select: tuple[tuple[str, str], ...]) -> "xr.Dataset":
    from parasim.analyses.pictures import selected

    return selected(dataset, {dim: [_value(v) for v in text.split(",")] for dim, text in select})


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _describe(planned: Mapping[str, Any]) -> str:
    lines = [
        ("store", planned["store"]),
        ("picture", ", ".join(planned["kinds"])),
        ("file", str(planned["file"] or "")),
    ]
    return _text.aligned(lines) + "\n\nNothing was drawn or written (--dry-run)."
