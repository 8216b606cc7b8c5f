"""The spikes of many cells or members."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._metadata import unit_of
from parasim.analyses._spikes import spike_times
from parasim.analyses._time import TIME, along, committed
from parasim.analyses.pictures._reduction import MOST_POINTS, last_rows
from parasim.analyses.pictures._selection import MEMBER, evenly, place_name, state_variables
from parasim.analyses.pictures._style import COLOURS, INK, label, plain, unit_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 400
_MOST_VALUES = 2e7
_MOST_MARKS = 20_000
_POTENTIAL = "membrane potential"


def potential_of(dataset: xr.Dataset) -> str | None:
    """Return the variable whose upward passages are spikes: the potential of a membrane."""
    for name in state_variables(dataset):
        if _POTENTIAL in str(dataset[name].attrs.get("long_name", "")).lower():
            return name
    return None


def draw_raster(
    ax: "Axes", dataset: xr.Dataset, variable: str | None = None, *, threshold: float | None = None
) -> None:
    """Draw a mark for each spike, a row for each cell or member.

    Arguments:
        ax: where to draw.
        dataset: of a run.
        variable: which; the first potential, else the first variable, if None.
        threshold: that a spike passes upwards; halfway between the extremes if None.

    Raises:
        ConfigError: there is no such variable.
    """
    name = variable or potential_of(dataset) or state_variables(dataset)[0]
    chosen = committed(along(dataset, name))
    dims = [str(d) for d in chosen[name].dims if d != TIME]
    cells = chosen[name].transpose(*dims, TIME)
    sizes = [cells.sizes[d] for d in dims]
    rows = evenly(int(np.prod(sizes)), _MOST_ROWS)
    chosen, stretch = last_rows(chosen, max(int(_MOST_VALUES // max(np.prod(sizes), 1)), 2))
    level = _halfway(chosen[name]) if threshold is None else threshold
    if not np.isfinite(level):
        raise ConfigError("the threshold must be a finite number")
    found = spike_times(chosen, threshold=level, variables=name)[f"{name}_spike_time"]
    table = found.values.reshape(int(np.prod(sizes)), -1)[rows]
    row, place = np.nonzero(np.isfinite(table))
    moments = table[row, place]
    count, since = len(moments), None
    if count > _MOST_MARKS:
        since = np.partition(moments, count - _MOST_MARKS)[count - _MOST_MARKS]
        row, moments = row[moments >= since], moments[moments >= since]
        stretch = f"the last {len(moments):,} of them"
    ax.vlines(
        moments, row + 0.1, row + 0.9, color=INK, linewidth=1 if len(rows) <= 100 else 0.7,
        rasterized=len(moments) > MOST_POINTS,
    )  # fmt: skip
    ends = chosen[TIME].values[[0, -1]] if chosen[TIME].dtype.kind in "fiu" else None
    if ends is not None and since is not None:
        ends[0] = since
    ax.set(ylim=(0, len(rows)), xlim=ends, xlabel=_time_label(chosen, found))
    _name_rows(ax, cells, dims, rows)
    unit = unit_of(cells)
    passed = f"{plain(name)} passing {level:.4g}"
    passed += "" if unit in ("1", "") else f" {plain(unit_text(unit))}"
    some = f"{_MOST_ROWS} of {int(np.prod(sizes)):,} rows" if len(rows) < np.prod(sizes) else ""
    ax.set_title("; ".join(filter(None, [f"{count:,} spikes: {passed}", some, stretch])))


def _time_label(chosen: xr.Dataset, found: xr.DataArray) -> str:
    if chosen[TIME].dtype.kind in "fiu":
        return label(chosen[TIME])
    return plain(unit_of(found))


def _halfway(array: xr.DataArray) -> float:
    """Return the middle between the least and the greatest value."""
    both = xr.Dataset({"low": array.min(), "high": array.max()}).compute()
    return float(both["low"] + both["high"]) / 2


def _name_rows(ax: "Axes", cells: xr.DataArray, dims: list[str], rows: list[int]) -> None:
    """Label rows by their only dimension, or groups of rows by the first of several."""
    if not dims:
        ax.set(yticks=[])
        return
    if len(dims) == 1 and (dims[0] == MEMBER or dims[0] not in cells.coords):
        shown = evenly(len(rows), 6)
        ax.set_yticks([n + 0.5 for n in shown], [str(rows[n]) for n in shown])
        ax.set_ylabel(plain(dims[0]))
        return
    group = np.array(rows) // max(int(np.prod([cells.sizes[d] for d in dims[1:]])), 1)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    middles = (starts + np.append(starts[1:], len(rows))) / 2
    shown = evenly(len(starts), 12)
    names = [place_name(cells, {dims[0]: int(group[starts[n]])}) for n in shown]
    ax.set_yticks([float(middles[n]) for n in shown], names)
    ax.tick_params(axis="y", length=0)
    if len(dims) > 1:
        for place, start in enumerate(starts[:-1]):
            ax.axhspan(start, starts[place + 1], color=COLOURS[0], alpha=0.08 * (place % 2), lw=0)
        ax.set_ylabel(plain(", ".join(dims)))
