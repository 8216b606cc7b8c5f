"""Long series as short ones: what a screen can show, and no more in memory than a few blocks."""

from typing import Any, NamedTuple

import dask
import numpy as np
import xarray as xr

from parasim.analyses._blocks import rows_of_blocks, spans
from parasim.analyses._time import TIME, is_calendar, times

MOST_POINTS = 6_000
"""Of a line; longer ones become envelopes, or are thinned."""

_COLUMNS = 1_500


class Envelope(NamedTuple):
    """The least and the greatest values of successive rows.

    Attributes:
        times: of the first of the rows, shape (columns,).
        low, high: shape (columns,).
        each: how many rows are in a column; with one they are the same.
    """

    times: np.ndarray
    low: np.ndarray
    high: np.ndarray
    each: int


def envelope(series: xr.DataArray) -> Envelope:
    """Return a series as it is, or if it is long the least and greatest values in columns."""
    rows = series.sizes[TIME]
    each = 1 if rows <= MOST_POINTS else -(-rows // _COLUMNS)
    if each == 1:
        values = series.values.astype(np.float64)
        return Envelope(time_values(series), values, values, 1)
    task: Any = dask.delayed(_extremes, pure=False) if series.chunks is not None else _extremes
    length = max(each, rows_of_blocks(series) // each * each)
    parts = [task(series.isel({TIME: span}).data, each) for span in spans(rows, length)]
    low, high = (np.concatenate(part) for part in zip(*dask.compute(*parts), strict=True))
    return Envelope(time_values(series.isel({TIME: slice(None, None, each)})), low, high, each)


def _extremes(values: np.ndarray, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the extremes of each so many rows; NaN only where there is nothing else."""
    values = np.asarray(values, np.float64)
    missing = -len(values) % each
    table = np.append(values, np.full(missing, np.nan)).reshape(-1, each)
    return np.fmin.reduce(table, axis=1), np.fmax.reduce(table, axis=1)


def thinned(array: xr.DataArray, most: int) -> tuple[xr.DataArray, int]:
    """Take each so many-th row; return also how many."""
    every = -(-array.sizes[TIME] // most)
    return array.isel({TIME: slice(None, None, every)}), every


def last_rows(array: xr.Dataset, most: int) -> tuple[xr.Dataset, str]:
    """Take the last rows, if there are more; return also a remark that says so."""
    rows = array.sizes[TIME]
    if rows <= most:
        return array, ""
    return array.isel({TIME: slice(rows - most, None)}), f"the last {most:,} of {rows:,} values"


def time_values(array: xr.DataArray) -> np.ndarray:
    """Return the times as matplotlib can draw them: numbers or dates of numpy."""
    if is_calendar(array) and array[TIME].dtype.kind != "M":  # type: ignore[arg-type]
        return times(array.to_dataset(name="values"))
    return array[TIME].values
