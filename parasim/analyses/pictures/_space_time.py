"""A field in colours, against time and space."""

from typing import TYPE_CHECKING

import xarray as xr

from parasim._errors import ConfigError, near_names
from parasim.analyses._time import TIME, along, committed
from parasim.analyses.pictures._colours import draw_colours
from parasim.analyses.pictures._reduction import last_rows
from parasim.analyses.pictures._selection import (
    place_name,
    run_axes,
    space_dims,
    state_variables,
    thin_places,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_COLUMNS = 1_000


def fields_of(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the variables with a dimension besides time; those in space, if there are any."""
    runs = run_axes(dataset)
    wide = [name for name in state_variables(dataset) if dataset[name].ndim > 1]
    return tuple([name for name in wide if space_dims(dataset[name], runs)] or wide)


def draw_space_time(
    ax: "Axes",
    dataset: xr.Dataset,
    variable: str | None = None,
    *,
    dim: str | None = None,
    whole: bool = False,
) -> None:
    """Draw a variable in colours, against time and a dimension in space (Hovmöller).

    The last 1,000 times are drawn. The colours reach from the 1st to the 99th percentile.

    Arguments:
        ax: where to draw.
        dataset: of a run.
        variable: which; the first one in space if None.
        dim: the dimension; the variable's last in space if None. Of the other ones in space the
            middle is drawn, of runs the first.
        whole: all times, of each so many one.

    Raises:
        ConfigError: there is no such variable or dimension.
    """
    name = variable or next(iter(fields_of(dataset)), None)
    if name is None:
        raise ConfigError("no variable has a dimension besides 'time': draw its time series")
    chosen = committed(along(dataset, name))
    if whole:
        every = -(-chosen.sizes[TIME] // _MOST_COLUMNS)
        chosen = chosen.isel({TIME: slice(None, None, every)})
        remark = f"1 value in {every:,}" if every > 1 else ""
    else:
        chosen, remark = last_rows(chosen, _MOST_COLUMNS)
    array, place = _plane(chosen[name], dim, run_axes(dataset))
    draw_colours(ax, array, TIME, str(array.dims[0]))
    ax.set_title("; ".join(filter(None, [place, remark])))


def _plane(array: xr.DataArray, dim: str | None, runs: tuple[str, ...]) -> tuple[xr.DataArray, str]:
    """Return an array along a dimension in space and time, and where it lies in the others."""
    others = [str(d) for d in array.dims if d != TIME]
    if not others or (dim is not None and dim not in others):
        raise ConfigError(
            f"{array.name!r} has no dimension {dim or 'besides time'!r}: "
            + near_names(dim or "", others)
        )
    space = dim or (space_dims(array, runs) or others)[-1]
    place = {d: 0 if d in runs else array.sizes[d] // 2 for d in others if d != space}
    plane = array.isel(place).transpose(space, TIME)
    return thin_places(plane, (space,)), place_name(array, place)
