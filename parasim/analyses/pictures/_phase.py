"""One variable against another."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._time import TIME, along, committed
from parasim.analyses.pictures._reduction import last_rows
from parasim.analyses.pictures._selection import is_recurrence, series_of, state_variables
from parasim.analyses.pictures._style import COLOURS, label, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 20_000
_MOST_LINES = 6
_FIRST = 4
_RECORD = "spike"
_FEW = 1_000


def phase_variables(dataset: xr.Dataset) -> tuple[str, str] | None:
    """Return which variables to draw against each other, or None if there is only one.

    The first, and the last of the first four; records of spikes are no coordinates of a state.
    """
    names = [name for name in state_variables(dataset) if not name.startswith(_RECORD)]
    return (names[0], names[:_FIRST][-1]) if len(names) > 1 else None


def draw_phase(ax: "Axes", dataset: xr.Dataset, x: str, y: str, *, whole: bool = False) -> None:
    """Draw one variable against another, the last 20,000 values of up to six series.

    A line; of a recurrence, and of what does not move, points.

    Arguments:
        ax: where to draw.
        dataset: of a run.
        x, y: the variables.
        whole: all values, of each so many one.

    Raises:
        ConfigError: there is no such variable, or it is twice the same.
    """
    if x == y:
        raise ConfigError(f"{x!r} against itself is a straight line: name two variables")
    both = committed(along(dataset, [x, y]))
    if whole:
        every = -(-both.sizes[TIME] // _MOST_POINTS)
        both = both.isel({TIME: slice(None, None, every)})
        remark = f"1 value in {every:,}" if every > 1 else ""
    else:
        both, remark = last_rows(both, _MOST_POINTS)
    across, up = xr.broadcast(both[x], both[y])
    count = int(np.prod([n for d, n in across.sizes.items() if d != TIME]))
    (lines, names), (others, _) = series_of(across, _MOST_LINES), series_of(up, _MOST_LINES)
    width = 0.5 if both.sizes[TIME] > 2_000 else 0.9
    dot = 4 if both.sizes[TIME] <= _FEW else 1.5
    for place, (line, other, name) in enumerate(zip(lines, others, names, strict=True)):
        stays = _stays(line) and _stays(other)
        points = stays or is_recurrence(both)
        ax.plot(
            line.values, other.values, label=name if count > 1 else None, color=COLOURS[place],
            linestyle="" if points else "-", linewidth=width, marker="." if points else "",
            markersize=8 if stays else dot,
        )  # fmt: skip
    chosen = f"{_MOST_LINES} of {count:,} series" if count > _MOST_LINES else ""
    title = "; ".join(filter(None, [chosen, remark]))
    ax.set(xlabel=label(both[x]), ylabel=label(both[y]), title=title)
    legend_beside(ax)


def _stays(line: xr.DataArray) -> bool:
    """Whether it is the same all the time, so that a line would not be seen."""
    return line.size > 0 and bool((line == line[0]).all())
