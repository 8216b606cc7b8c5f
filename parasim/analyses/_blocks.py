"""Long series in blocks: how memory stays bounded, and chunks never change a result.

A series is cut into blocks whose lengths depend on its shape alone, so that the same sums are made
in the same order however it is chunked, and whether it is a numpy or a dask array. Blocks of a
dask array are computed by dask, several at a time.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dask
import numpy as np
import xarray as xr

from parasim.analyses._time import TIME

_VALUES = 2**19  # in a block; what is computed from it takes some ten times as much


def rows_of_blocks(array: xr.DataArray, at_least: int = 1) -> int:
    """Return how many rows a block has."""
    return max(at_least, _VALUES * array.sizes[TIME] // array.size)


def spans(count: int, length: int) -> list[slice]:
    """Return the slices that cut `count` rows into blocks."""
    return [slice(first, min(first + length, count)) for first in range(0, count, length)]


def whole(array: xr.DataArray, *dims: str) -> xr.DataArray:
    """Return an array with one chunk along some dimensions, and more along others if need be."""
    if array.chunks is None:
        return array
    chunks: dict[str, Any] = dict.fromkeys(dims, -1)
    rechunked = array.chunk(chunks)
    largest = math.prod(max(lengths) for lengths in rechunked.chunks or ())
    if largest <= 2 * _VALUES or set(dims) == set(array.dims):
        return rechunked
    with dask.config.set({"array.chunk-size": _VALUES * array.dtype.itemsize}):
        return array.chunk({**chunks, **{str(d): "auto" for d in array.dims if d not in dims}})


def apply(
    function: Callable[..., np.ndarray],
    *arrays: xr.DataArray,
    dims: Sequence[str] = (TIME,),
    sizes: Mapping[str, int],
    dtype: Any = np.float64,
) -> xr.DataArray:
    """Apply a function of numpy arrays to arrays whose last axes become `dims`.

    Arguments:
        function: what it returns has the axes `sizes` in their place.
        arrays: of numpy or of dask.
        dims: of the last axes, in one chunk each.
        sizes: the names and lengths of the new axes.
        dtype: of the result.
    """

    def contiguous(*values: np.ndarray) -> np.ndarray:
        # The order of sums depends on how values lie in memory.
        return function(*map(np.ascontiguousarray, values))

    return xr.apply_ufunc(
        contiguous,
        *(whole(array, *dims) for array in arrays),
        input_core_dims=[list(dims)] * len(arrays),
        output_core_dims=[list(sizes)],
        exclude_dims=set(dims),
        dask="parallelized",
        output_dtypes=[dtype],
        dask_gufunc_kwargs={"output_sizes": dict(sizes)},
    )


def total(parts: Sequence[xr.DataArray]) -> xr.DataArray:
    """Return the sum, taken in pairs: rounding stays small, and so does the graph."""
    while len(parts) > 1:
        pairs = [parts[i] + parts[i + 1] for i in range(0, len(parts) - 1, 2)]
        parts = pairs if len(parts) % 2 == 0 else [*pairs, parts[-1]]
    return parts[0]
