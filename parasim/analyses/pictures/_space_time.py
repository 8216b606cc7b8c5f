"""A field in colours, against time and space."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, near_names
from parasim.analyses._time import TIME, along, committed
from parasim.analyses.pictures._reduction import last_rows, time_values
from parasim.analyses.pictures._selection import place_name, run_axes
from parasim.analyses.pictures._style import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_COLUMNS = 1_000
_MOST_ROWS = 1_000
_COMPARABLE = 0.3  # of the larger side, from which on zero is the middle of the colours


def field_of(dataset: xr.Dataset) -> str | None:
    """Return the first variable with a dimension besides time; one in space, if there is one."""
    runs = run_axes(dataset)
    wide = [str(name) for name, a in sorted(along(dataset).data_vars.items()) if a.ndim > 1]
    fields = [name for name in wide if set(dataset[name].dims) - {TIME, *runs}]
    return next(iter([*fields, *wide]), None)


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
    name = variable or field_of(dataset)
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
    space = str(array.dims[0])
    values = array.values.astype(np.float64)
    low, high, colours = _scale(values)
    across = array[space] if space in array.coords else xr.DataArray(np.arange(len(values)))
    mesh = ax.pcolormesh(
        time_values(array), across.values, values, shading="nearest", rasterized=True,
        vmin=low, vmax=high, cmap=colours,
    )  # fmt: skip
    bar = ax.figure.colorbar(mesh, ax=ax, pad=0.01, extend="both")
    bar.set_label(label(array))
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    upwards = label(across, str(across.attrs.get("long_name", space)))
    title = "; ".join(filter(None, [place, remark]))
    ax.set(xlabel=label(array[TIME]), ylabel=upwards, title=title)


def _plane(array: xr.DataArray, dim: str | None, runs: tuple[str, ...]) -> tuple[xr.DataArray, str]:
    """Return an array along a dimension in space and time, and where it lies in the others."""
    others = [str(d) for d in array.dims if d != TIME]
    if not others or (dim is not None and dim not in others):
        raise ConfigError(
            f"{array.name!r} has no dimension {dim or 'besides time'!r}: "
            + near_names(dim or "", others)
        )
    in_space = [d for d in others if d not in runs]
    space = dim or (in_space or others)[-1]
    place = {d: 0 if d in runs else array.sizes[d] // 2 for d in others if d != space}
    plane = array.isel(place).transpose(space, TIME)
    rows = -(-plane.sizes[space] // _MOST_ROWS)
    name = place_name(array, place)
    return plane.isel({space: slice(None, None, rows)}), name


def _scale(values: np.ndarray) -> tuple[float, float, str]:
    """Return the ends of the colours, and which: with zero in the middle if both sides count."""
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, [0.01, 0.99]).tolist() if known.size else (0.0, 1.0)
    if min(-low, high) > _COMPARABLE * max(-low, high):
        end = max(-low, high)
        return -end, end, "RdBu_r"
    return low, high, "viridis"
