"""A field in two dimensions of space, at one time."""

from typing import TYPE_CHECKING

import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._metadata import unit_of
from parasim.analyses._time import TIME, along, committed
from parasim.analyses.pictures._colours import draw_colours
from parasim.analyses.pictures._selection import (
    place_name,
    run_axes,
    space_dims,
    state_variables,
    thin_places,
)
from parasim.analyses.pictures._style import plain, unit_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def map_of(dataset: xr.Dataset) -> str | None:
    """Return the first variable with two dimensions in space."""
    runs = run_axes(dataset)
    names = state_variables(dataset)
    return next((name for name in names if len(space_dims(dataset[name], runs)) > 1), None)


def draw_map(ax: "Axes", dataset: xr.Dataset, variable: str | None = None) -> None:
    """Draw the last state of a variable in colours, against its last two dimensions in space.

    Of other dimensions in space the middle is drawn, of runs the first.

    Arguments:
        ax: where to draw.
        dataset: of a run.
        variable: which; the first one with two dimensions in space if None.

    Raises:
        ConfigError: there is no such variable.
    """
    name = variable or map_of(dataset)
    runs = run_axes(dataset)
    chosen = None if name is None else committed(along(dataset, name))[name]
    if chosen is None or len(space_dims(chosen, runs)) < 2:
        raise ConfigError("a map needs a variable with two dimensions in space besides 'time'")
    up, across = space_dims(chosen, runs)[-2:]
    others = [str(d) for d in chosen.dims if d not in (TIME, up, across)]
    place = {d: 0 if d in runs else chosen.sizes[d] // 2 for d in others}
    last = thin_places(chosen.isel(place).isel({TIME: -1}), (up, across)).transpose(up, across)
    draw_colours(ax, last, across, up)
    ax.set_title("; ".join(filter(None, [_moment(last[TIME]), place_name(chosen, place)])))
    ax.set_aspect("equal" if not {up, across} & set(last.coords) else "auto")


def _moment(time: xr.DataArray) -> str:
    """Say when it is."""
    if time.dtype.kind not in "fiu":
        return plain(time.values)
    unit = unit_text(unit_of(time))
    return plain(f"at t = {float(time):.6g}" + ("" if unit in ("1", "") else f" {unit}"))
