"""`parasim analyze`: a statistic of a store, written to a store of its own or to NetCDF."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parasim._errors import ConfigError
from parasim.cli import _text
from parasim.cli._analyses import listed
from parasim.cli._completion import complete_stores
from parasim.cli._datasets import open_dataset
from parasim.cli._interruption import INTERRUPTED
from parasim.cli._options import Assignment, debug_option
from parasim.plugins._registry import find, load

if TYPE_CHECKING:
    import xarray as xr

_EPILOG = """\b
Examples:
  parasim analyze l96.zarr --stat power-spectrum --set segment=1024 --out psd.zarr
  parasim analyze l96.zarr --stat climatology --set period=10 --set bins=20 --out cycle.nc
  parasim analyze hh.zarr --stat spike-times --variable v --set threshold=0 --out spikes.nc
  parasim analyze l63.zarr --stat poincare-section --set plane=z --set level=27 --out section.zarr

Several values have commas between them, as in --set quantiles=0.1,0.5,0.9; places are as in
--set at=site:0. The functions of the same names in parasim.analyses say what each option means.
The store may be larger than memory, and its run may still be going on. RESULT is there when it is
complete, not before.

Exit codes: 0 done, 2 something was asked for that cannot be done, 4 the store cannot be read or the
result not be written, 5 a plugin is broken, 130 interrupted."""


class _Command(click.Command):
    """Lists what is installed when its help is shown, and not before."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the analyses above the examples."""
        formatter.write(f"\nAnalyses, and what --set can say:\n{listed()}\n")
        super().format_epilog(ctx, formatter)


@click.command(cls=_Command, epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@click.option("--stat", metavar="NAME", required=True, help="Which analysis; see below.")
@click.option("--variable", "variables", metavar="NAME", multiple=True, help="Of which variable; "
              "may be repeated.  [default: all]")  # fmt: skip
@click.option("--set", "set_", type=Assignment(), multiple=True, help="An option of the analysis.")
@click.option("--out", metavar="RESULT", required=True, help="What to write; ends in .zarr, or in "
              ".nc for NetCDF.")  # fmt: skip
@click.option("--overwrite", is_flag=True, show_default=False, help="Replace an existing result.")
@click.option("--dry-run", is_flag=True, show_default=False, help="Say what would be computed, and "
              "write nothing.")  # fmt: skip
@click.option("--quiet", is_flag=True, show_default=False, help="No progress bar and no summary.")
@debug_option
def analyze(
    store: str,
    *,
    stat: str,
    variables: tuple[str, ...],
    set_: tuple[tuple[str, str], ...],
    out: str,
    overwrite: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Compute a statistic of a STORE and write it.

    STORE is what `parasim run --out` wrote, or any zarr store with variables along time.
    """
    name = find("analyses", stat).name

    from parasim.analyses._result import check_result, with_history, write_result
    from parasim.cli._option_values import arguments

    function = load("analyses", name)
    options = arguments(function, dict(set_), name)
    if variables and name == "growth-over-time":
        raise ConfigError("growth-over-time is of the whole state: leave out --variable")
    if variables:
        options["variables"] = list(variables)
    _refuse_inside(out, store)
    check_result(out, overwrite=overwrite)
    if dry_run:
        click.echo(_describe_plan(name, dict(set_), store, open_dataset(store), options, out))
        return
    try:
        with _progress(name, quiet=quiet):
            result = function(open_dataset(store), **options)
            result = with_history(result, store, function.__name__, options)
            write_result(result, out, overwrite=overwrite)
    except KeyboardInterrupt:
        click.echo("\nInterrupted; no result was written.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    if not quiet:
        click.echo(_describe(name, dict(set_), store, result, out))


def _refuse_inside(out: str, store: str) -> None:
    target, source = Path(out).absolute(), Path(store).absolute()
    if target == source or source in target.parents:
        raise ConfigError(f"{out} is the store itself, or in it: choose another path")


def _describe_plan(
    name: str,
    given: dict[str, str],
    store: str,
    dataset: "xr.Dataset",
    options: dict[str, Any],
    out: str,
) -> str:
    from parasim.analyses._time import along

    chosen = along(dataset, options.get("variables"))
    variables = (
        f"{key} {_text.shape(map(str, array.dims), array.shape)}"
        for key, array in chosen.data_vars.items()
    )
    lines = [
        ("analysis", f"{name} of {store}"),
        ("options", _text.pairs(given)),
        ("of", "\n".join(variables)),
        ("to write", out),
    ]
    return _text.aligned(lines) + "\n\nNothing was computed or written (--dry-run)."


def _describe(
    name: str, options: dict[str, str], store: str, result: "xr.Dataset", out: str
) -> str:
    variables = (
        f"{key} {_text.shape(map(str, array.dims), array.shape)}"
        + ("" if (unit := array.attrs.get("units", "1")) == "1" else f", {unit}")
        for key, array in result.data_vars.items()
    )
    opener = "open_zarr" if out.endswith(".zarr") else "open_dataset"
    return _text.aligned(
        [
            ("analysis", f"{name} of {store}"),
            ("options", _text.pairs(options)),
            ("result", "\n".join(variables)),
            ("written", f"{out}, {_text.size(result.nbytes)}"),
            ("open it", f'xarray.{opener}("{out}")'),
        ]
    )


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[None]:
    """Show how many of dask's tasks are done, on a terminal only."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    from dask.callbacks import Callback
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("[bold]{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(name, total=None)

        def begin(graph: Any, state: Any) -> None:
            del graph
            bar.update(task, completed=0, total=sum(map(len, (state["ready"], state["waiting"]))))

        def advance(*done: Any) -> None:
            del done
            bar.advance(task)

        with Callback(start_state=begin, posttask=advance):
            yield
