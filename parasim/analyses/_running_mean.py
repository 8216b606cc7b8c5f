"""Running means."""

import numpy as np
import xarray as xr

from parasim.analyses._blocks import apply, rows_of_blocks, spans
from parasim.analyses._metadata import cell_method
from parasim.analyses._time import TIME, Names, along, whole_times


def running_mean(
    dataset: xr.Dataset, *, length: int, centred: bool = True, variables: Names = None
) -> xr.Dataset:
    """Return the mean over so many successive values, for each time.

    Sums of 2, 4, 8, ... successive values are made from each other, so that the cost grows with
    the logarithm of the length, and each mean depends on its own values only: chunks change
    nothing, and a NaN reaches no farther than the length.

    Arguments:
        dataset: with variables along `time`; of numpy or of dask, then nothing is computed yet.
        length: the number of values.
        centred: whether a mean stands in the middle of its values (of an even number: at the
            second of the middle two), or at the last.
        variables: which; all along `time` if None.

    Returns:
        The same variables along the same times; NaN where values are missing, as at the ends.

    Raises:
        ConfigError: there is no such variable, or it is shorter than the length.
    """
    chosen = along(dataset, variables)
    whole_times(length, chosen.sizes[TIME], "length")
    after = (length - 1) // 2 if centred else 0
    words = f"time: mean (comment: running, {length} values)"
    return chosen.assign(
        {
            name: _smooth(array, length, after).assign_attrs(cell_method(array, words))
            for name, array in chosen.data_vars.items()
        }
    )


def _smooth(array: xr.DataArray, length: int, after: int) -> xr.DataArray:
    kind = np.result_type(array.dtype, np.float32)
    before = length - 1 - after
    bare = array.drop_vars(TIME, errors="ignore").astype(kind)
    padded = bare.pad({TIME: (before, after)}, constant_values=np.nan)
    blocks = spans(array.sizes[TIME], rows_of_blocks(array, at_least=4 * length))

    def means(values: np.ndarray) -> np.ndarray:
        return running_sum(values.astype(np.float64), length) / length

    parts = [
        apply(
            means,
            padded.isel({TIME: slice(block.start, block.stop + length - 1)}),
            sizes={TIME: block.stop - block.start},
        )
        for block in blocks
    ]
    joined = xr.concat(parts, TIME).transpose(*array.dims).astype(kind)
    return joined.assign_coords({TIME: array[TIME]} if TIME in array.coords else {})


def running_sum(values: np.ndarray, length: int) -> np.ndarray:
    """Return the sums of so many successive values along the last axis, which gets shorter."""
    count = values.shape[-1] - length + 1
    sums, width, done = values, 1, 0
    result = np.zeros((*values.shape[:-1], count), values.dtype)
    while True:
        if length & width:
            result = result + sums[..., done : done + count]
            done += width
        if done == length:
            return result
        sums = sums[..., :-width] + sums[..., width:]
        width *= 2
