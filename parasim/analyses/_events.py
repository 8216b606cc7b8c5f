"""Finds events along series: what is found is few, so it is kept; what is searched is not.

A search goes through blocks of rows, those of a dask array several at a time. The number of events
is known afterwards only, so these analyses compute when they are called.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import dask
import numpy as np
import xarray as xr

from parasim.analyses._blocks import rows_of_blocks, spans
from parasim.analyses._time import TIME


class Events(NamedTuple):
    """Events, those of a series in the order of time.

    Attributes:
        series: the number of the series of each event, shape (events,).
        times: of the events, shape (events,).
        values: what was read at them, each of shape (events, ...).
        gaps: whether a value of a series is NaN, shape (series,).
    """

    series: np.ndarray
    times: np.ndarray
    values: tuple[np.ndarray, ...]
    gaps: np.ndarray


def search(
    find: Callable[..., tuple[np.ndarray, ...]],
    arrays: Sequence[xr.DataArray],
    times: np.ndarray,
    *,
    beyond: int,
) -> Events:
    """Look for events in blocks.

    Arguments:
        find: gets times, shape (rows,), and blocks, the first of shape (rows, series), and returns
            the series, the times and further values of the events.
        arrays: `time` is the first axis of each; the others of the first are the series.
        times: shape (rows,).
        beyond: how many rows of the next block belong to a block too.
    """
    rows = len(times)
    lazy = any(array.chunks is not None for array in arrays)
    task: Any = dask.delayed(_found, pure=False) if lazy else _found
    parts = []
    for block in spans(rows - beyond, min(rows_of_blocks(array) for array in arrays)):
        span = slice(block.start, block.stop + beyond)
        values = [array.isel({TIME: span}).data for array in arrays]
        parts.append(task(find, times[span], *values))
    found = dask.compute(*parts)
    series, moments, *others = (np.concatenate(column) for column in zip(*found, strict=True))
    gaps = others.pop().reshape(len(found), -1).any(axis=0)
    order = np.argsort(series, kind="stable")
    return Events(series[order], moments[order], tuple(other[order] for other in others), gaps)


def _found(find: Any, times: np.ndarray, first: np.ndarray, *others: np.ndarray) -> tuple:
    table = first.reshape(len(times), -1)
    return (*find(times, table, *others), np.isnan(table).any(axis=0))


def upward(
    times: np.ndarray, values: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return where series pass a level upwards: x_i < level <= x_(i+1).

    Arguments:
        times: shape (rows,).
        values: shape (rows, series).
        level: also one at which a value is.

    Returns:
        The series, the times by linear interpolation, the rows i, and the part of the interval
        between i and i + 1 that has passed.
    """
    row, series = np.nonzero((values[:-1] < level) & (values[1:] >= level))
    before, after = values[row, series], values[row + 1, series]
    part = (level - before.astype(np.float64)) / (after.astype(np.float64) - before)
    return series, times[row] + part * (times[row + 1] - times[row]), row, part


def table(series: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return values in one row for each series, with NaN behind the last.

    Arguments:
        series: sorted, shape (events,).
        values: shape (events, ...).
        count: how many series there are.

    Returns:
        Shape (series, most events of one, ...).
    """
    numbers = np.bincount(series, minlength=count)
    place = np.arange(len(series)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    filled = np.full((count, int(numbers.max(initial=0)), *values.shape[1:]), np.nan)
    filled[series, place] = values
    return filled


def events_array(
    filled: np.ndarray, like: xr.DataArray, dim: str, more: Sequence[str] = ()
) -> xr.DataArray:
    """Give a `table` the dimensions and coordinates of the series that it comes from.

    Arguments:
        filled: shape (series, events, ...).
        like: an array with `time` in front of the dimensions of the series.
        dim: the name of the axis of events.
        more: the names of the axes behind it.
    """
    dims = [d for d in like.dims if d != TIME]
    sizes = [like.sizes[d] for d in dims]
    coordinates = {n: c for n, c in like.coords.items() if set(c.dims) <= set(dims)}
    shaped = filled.reshape(*sizes, *filled.shape[1:])
    return xr.DataArray(shaped, dims=[*dims, dim, *more], coords=coordinates)
