"""A variable against time: lines, envelopes of long ones, the spread of an ensemble."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from parasim.analyses._time import TIME
from parasim.analyses.pictures._reduction import envelopes, thinned, time_values
from parasim.analyses.pictures._selection import (
    MEMBER,
    evenly,
    is_recurrence,
    place_name,
    series_of,
)
from parasim.analyses.pictures._style import (
    COLOURS,
    FAINT,
    label,
    legend_beside,
    plain,
    short_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 6
_MOST_BANDS = 3
_MOST_MARKED = 500
_MOST_TIMES = 1_500
_FEWEST_OF_A_SPREAD = 7
_SPREAD = (0.05, 0.5, 0.95)


def draw_series(ax: "Axes", array: xr.DataArray, *, place: int | None = None) -> None:
    """Draw a variable against time.

    Of an ensemble of seven members or more the median and the 5 to 95 % range over members; of
    others, and of places, up to six series. Long ones become the range of each few values.

    Arguments:
        ax: where to draw.
        array: along `time`.
        place: in a column of pictures, from 0: the long name stands above, and what is the same in
            all of them only in the first.
    """
    if array.sizes.get(MEMBER, 1) >= _FEWEST_OF_A_SPREAD:
        remarks = _draw_spread(ax, array)
    else:
        remarks = _draw_lines(ax, array)
    said, title = label(array), "; ".join(filter(None, remarks))
    if place is not None:
        name = plain(array.attrs.get("long_name", ""))
        said, title = short_label(array), "; ".join(filter(None, [name, "" if place else title]))
    ax.set(xlabel=label(array[TIME]), ylabel=said, title=title)
    ax.margins(x=0)
    if not place:
        legend_beside(ax)


def _draw_lines(ax: "Axes", array: xr.DataArray) -> list[str]:
    count = int(np.prod([n for d, n in array.sizes.items() if d != TIME]))
    lines, names = series_of(array, _MOST_LINES)
    drawn = envelopes(lines)
    every = drawn[0].each
    points = is_recurrence(array) and array.sizes[TIME] <= _MOST_MARKED
    width, marker = (0.5, ".") if points else (1, "")
    for place, (found, name) in enumerate(zip(drawn, names, strict=True)):
        text, colour = name if count > 1 else None, COLOURS[place]
        if found.each == 1:
            ax.plot(found.times, found.low, label=text, linewidth=width, marker=marker,
                    markersize=3, color=colour)  # fmt: skip
        else:
            ax.fill_between(
                found.times, found.low, found.high, label=text, color=colour, linewidth=0.5,
                alpha=0.5 if count > 1 else 1,
            )  # fmt: skip
    return [
        f"{_MOST_LINES} of {count:,} series" if count > _MOST_LINES else "",
        f"the range of each {every:,} values" if every > 1 else "",
    ]


def _draw_spread(ax: "Axes", array: xr.DataArray) -> list[str]:
    """Draw the median over members, and what nine of ten of them are between."""
    dims = [str(d) for d in array.dims if d not in (TIME, MEMBER)]
    places = list(np.ndindex(*(array.sizes[d] for d in dims))) if dims else [()]
    rows, every = thinned(array, _MOST_TIMES)
    moments = time_values(rows)
    for number, index in enumerate(evenly(len(places), _MOST_BANDS)):
        place = dict(zip(dims, map(int, places[index]), strict=True))
        members = rows.isel(place).transpose(TIME, MEMBER).values
        low, middle, high = _quantiles(members)
        colour = COLOURS[number]
        name = f"{place_name(array, place)}: median" if dims else "median"
        ax.fill_between(moments, low, high, color=colour, alpha=0.3, linewidth=0,
                        label=None if dims else "5 to 95 %")  # fmt: skip
        ax.plot(moments, middle, color=colour, linewidth=1, label=name)
        if not dims:
            ax.plot(moments, members[:, 0], color=FAINT, linewidth=0.7,
                    label=place_name(array, {MEMBER: 0}))  # fmt: skip
    return [
        f"{array.sizes[MEMBER]:,} members" + (", range 5 to 95 %" if dims else ""),
        f"{_MOST_BANDS} of {len(places):,}" if len(places) > _MOST_BANDS else "",
        f"1 value in {every:,}" if every > 1 else "",
    ]


def _quantiles(members: np.ndarray) -> np.ndarray:
    """Return quantiles over members; NaN where all of them are missing."""
    known = np.isfinite(members).any(axis=1)
    found = np.full((len(_SPREAD), len(members)), np.nan)
    if known.any():
        found[:, known] = np.nanquantile(members[known], _SPREAD, axis=1)
    return found
