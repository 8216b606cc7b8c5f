"""Long series as short ones: what a screen can show, and no more in memory than a few blocks."""

from collections.abc import Sequence
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


def envelopes(lines: Sequence[xr.DataArray]) -> list[Envelope]:
    """Return series as they are, or if they are long the least and greatest values in columns.

    Those of dask are read together, each chunk once.

    Arguments:
        lines: each along `time` only, equally long.
    """
    rows = lines[0].sizes[TIME]
    each = 1 if rows <= MOST_POINTS else -(-rows // _COLUMNS)
    moments = time_values(lines[0].isel({TIME: slice(None, None, each)}))
    if each == 1:
        values = [line.astype(np.float64) for line in dask.compute(*lines)]
        return [Envelope(moments, line.values, line.values, 1) for line in values]
    length = max(each, rows_of_blocks(lines[0]) // each * each)
    blocks = spans(rows, length)
    task: Any = dask.delayed(_extremes, pure=False)
    parts = dask.compute(*(task(line[span].data, each) for line in lines for span in blocks))
    found = []
    for place in range(len(lines)):
        own = parts[place * len(blocks) : (place + 1) * len(blocks)]
        low, high = (np.concatenate(part) for part in zip(*own, strict=True))
        found.append(Envelope(moments, low, high, each))
    return found


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
