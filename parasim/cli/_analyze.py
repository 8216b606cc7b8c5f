"""`parasim analyze`: a statistic of a store, written to a store of its own or to NetCDF."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parasim import _text
from parasim._errors import ConfigError
from parasim.cli._analyses import listed
from parasim.cli._completion import complete_stores
from parasim.cli._datasets import open_dataset
from parasim.cli._interruption import INTERRUPTED
from parasim.cli._json import say
from parasim.cli._options import Assignment, debug_option, json_option
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
@json_option
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
    as_json: bool,
) -> None:
    """Compute a statistic of a STORE and write it.

    STORE is what `parasim run --out` wrote, or any zarr store with variables along time.
    """
    name = find("analyses", stat).name

    from parasim.analyses._result import check_result, with_history, write_result
    from parasim.analyses._time import along
    from parasim.cli._option_values import arguments

    function = load("analyses", name)
    options = arguments(function, dict(set_), name)
    if variables and name == "growth-over-time":
        raise ConfigError("growth-over-time is of the whole state: leave out --variable")
    if variables:
        options["variables"] = list(variables)
    _refuse_inside(out, store)
    check_result(out, overwrite=overwrite)
    record: dict[str, Any] = {
        "written": False,
        "analysis": name,
        "options": dict(set_),
        "store": store,
        "out": out,
    }
    if dry_run:
        chosen = along(open_dataset(store), options.get("variables"))
        record["of"] = _arrays(chosen)
        say(record, _describe_plan(record), as_json=as_json)
        return
    try:
        with _progress(name, quiet=quiet):
            result = function(open_dataset(store), **options)
            result = with_history(result, store, function.__name__, options)
            write_result(result, out, overwrite=overwrite)
    except KeyboardInterrupt:
        click.echo("\nInterrupted; no result was written.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    record |= {"written": True, "result": _arrays(result), "size": result.nbytes}
    if as_json or not quiet:
        say(record, _describe(record), as_json=as_json)


def _refuse_inside(out: str, store: str) -> None:
    target, source = Path(out).absolute(), Path(store).absolute()
    if target == source or source in target.parents:
        raise ConfigError(f"{out} is the store itself, or in it: choose another path")


def _arrays(dataset: "xr.Dataset") -> dict[str, Any]:
    """Return what JSON says of the variables of a dataset."""
    return {
        str(name): {
            "dims": dict(zip(map(str, array.dims), array.shape, strict=True)),
            "unit": array.attrs.get("units", "1"),
        }
        for name, array in dataset.data_vars.items()
    }


def _describe_plan(planned: Mapping[str, Any]) -> str:
    lines = [
        ("analysis", f"{planned['analysis']} of {planned['store']}"),
        ("options", _text.pairs(planned["options"])),
        ("of", "\n".join(_lines(planned["of"]))),
        ("to write", planned["out"]),
    ]
    return _text.aligned(lines) + "\n\nNothing was computed or written (--dry-run)."


def _describe(done: Mapping[str, Any]) -> str:
    out = done["out"]
    opener = "open_zarr" if out.endswith(".zarr") else "open_dataset"
    return _text.aligned(
        [
            ("analysis", f"{done['analysis']} of {done['store']}"),
            ("options", _text.pairs(done["options"])),
            ("result", "\n".join(_lines(done["result"]))),
            ("written", f"{out}, {_text.size(done['size'])}"),
            ("open it", f'xarray.{opener}("{out}")'),
        ]
    )


def _lines(arrays: Mapping[str, Any]) -> Iterator[str]:
    """Say of each variable its shape and unit."""
    for name, array in arrays.items():
        unit = "" if array["unit"] in ("", "1") else f", {array['unit']}"
        yield f"{name} {_text.shape(array['dims'].keys(), array['dims'].values())}{unit}"


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
