"""What is seen of a run while it goes on, and behind it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parasim.cli._interruption import resumable
from parasim.cli._json import say
from parasim.cli._progress import progress_bar
from parasim.cli._report import describe_result, result_record

if TYPE_CHECKING:
    from parasim.simulation import Plan, Progress


def show_run(
    plan: "Plan",
    store: str | Path,
    run: Callable[[Callable[["Progress"], None]], Any],
    *,
    quiet: bool,
    as_json: bool = False,
    sink: str = "zarr",
) -> None:
    """Run a plan with a progress bar, and say what was done; Ctrl-C ends it cleanly.

    Arguments:
        plan: of the run.
        store: that it writes.
        run: does so, and calls what it is given with its progress.
        quiet: show nothing; what was done is still said as JSON.
        as_json: say what was done as JSON.
        sink: the name of what writes it.
    """
    if not quiet:
        _say_whose_code(plan)
    last: Progress | None = None
    steps = plan.grid.steps * len(plan.layout.regions)
    bar = progress_bar(plan.model.name, steps, plan.model.time_unit, quiet=quiet)
    with resumable(store if sink == "zarr" else None), bar as show:

        def report(progress: "Progress") -> None:
            nonlocal last
            last = progress
            if show is not None:
                show(progress)

        run(report)
    if last is not None and (as_json or not quiet):
        said = plan, last, store, sink
        say(result_record(*said), describe_result(*said), as_json=as_json)


def _say_whose_code(plan: "Plan") -> None:
    """Name the files that are run and were not installed by anybody."""
    for origin in json.loads(plan.attributes["plugins"]):
        if "file" in origin:
            click.echo(f"Running the code in {origin['file']}.", err=True)
