"""A plane of values in colours, whose middle is zero where that is between them."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from parasim.analyses._metadata import unit_of
from parasim.analyses._time import TIME
from parasim.analyses.pictures._reduction import time_values
from parasim.analyses.pictures._style import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_COMPARABLE = 0.3  # of the larger side, from which on zero is the middle of the colours


def draw_colours(ax: "Axes", array: xr.DataArray, across: str, up: str) -> None:
    """Draw an array in colours, with a bar and labels.

    The colours reach from the 1st to the 99th percentile. Phases that turn more than once are drawn
    modulo one turn.

    Arguments:
        ax: where to draw.
        array: along two dimensions.
        across, up: these.
    """
    values = array.transpose(up, across).values.astype(np.float64)
    said, extend = label(array), "both"
    turning = unit_of(array) in ("rad", "radian") and np.ptp(_known(values)) > 2 * np.pi
    if turning:
        values = np.mod(values, 2 * np.pi)
        low, high, colours = 0.0, 2 * np.pi, "twilight"
        said, extend = f"{said}, modulo 2π", "neither"
    else:
        low, high, colours = _scale(values)
    mesh = ax.pcolormesh(
        _places(array, across), _places(array, up), values, shading="nearest", rasterized=True,
        vmin=low, vmax=high, cmap=colours,
    )  # fmt: skip
    bar = ax.figure.colorbar(mesh, ax=ax, pad=0.01, extend=extend)
    if turning:
        bar.set_ticks([0, np.pi, 2 * np.pi], labels=["0", "π", "2π"])
    bar.set_label(said)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    ax.set(xlabel=_name_of(array, across), ylabel=_name_of(array, up))
    for axis, dim in ((ax.xaxis, across), (ax.yaxis, up)):
        if dim not in array.coords:
            _whole_numbers(axis)


def _places(array: xr.DataArray, dim: str) -> np.ndarray:
    """Return where values are along a dimension; their numbers if it has no coordinate."""
    if dim == TIME:
        return time_values(array)
    return array[dim].values


def _name_of(array: xr.DataArray, dim: str) -> str:
    along = array[dim]
    name = str(along.attrs.get("long_name", dim.replace("_", " ")))
    return label(along, None if dim == TIME else name)


def _whole_numbers(axis: "Axis") -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def _known(values: np.ndarray) -> np.ndarray:
    known = values[np.isfinite(values)]
    return known if known.size else np.zeros(1)


def _scale(values: np.ndarray) -> tuple[float, float, str]:
    """Return the ends of the colours, and which: with zero in the middle if both sides count."""
    low, high = np.quantile(_known(values), [0.01, 0.99]).tolist()
    if min(-low, high) > _COMPARABLE * max(-low, high):
        end = max(-low, high)
        return -end, end, "RdBu_r"
    return low, high, "viridis"
