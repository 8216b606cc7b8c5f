"""The progress bar of a run: on a terminal only, and gone when the run ends."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from parasim import _text

if TYPE_CHECKING:
    from parasim.simulation import Progress


@contextmanager
def progress_bar(
    name: str, total_steps: int, time_unit: str, *, quiet: bool
) -> Iterator[Callable[["Progress"], None] | None]:
    """Show how far a run is, on stderr.

    Arguments:
        name: of the system.
        total_steps: of the run.
        time_unit: of the system.
        quiet: show nothing.

    Yields:
        What a run should call with its progress; None if nothing is shown.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress as Bar, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=16),
        TaskProgressColumn(),
        TextColumn("{task.fields[details]}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None, details="compiling ...")

        def show(progress: "Progress") -> None:
            details = progress_details(progress, time_unit)
            bar.update(task, total=total_steps, completed=progress.steps, details=details)

        yield show


def progress_details(progress: "Progress", time_unit: str) -> str:
    """Say in one line what a run is doing."""
    speed = progress.steps_per_second
    left = math.ceil((progress.total_steps - progress.steps) / speed) if speed else math.nan
    parts = [
        f"t = {_text.quantity(progress.t, time_unit)}",
        f"{_text.short(speed)} steps/s",
        f"{_text.seconds(left)} left",
        progress.mode,
    ]
    if math.isfinite(progress.growth_rate):
        parts.append(f"growth {progress.growth_rate:.3g}")
    return "  ".join(parts)
