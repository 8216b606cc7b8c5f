"""Autocorrelation."""

from collections.abc import Callable

import numpy as np
import xarray as xr
from scipy import signal

from parasim.analyses._blocks import apply, rows_of_blocks, spans, total
from parasim.analyses._metadata import other_quantity
from parasim.analyses._time import TIME, Names, along, committed, interval, time_unit, whole_times

_MOST_BY_DEFAULT = 1000


def autocorrelation(
    dataset: xr.Dataset, *, lags: int | None = None, variables: Names = None
) -> xr.Dataset:
    """Return the autocorrelation of each series at lags from 0 on.

        r(k) = sum_t (x_t - m) (x_(t + k) - m) / sum_t (x_t - m)^2

    where m is the mean of the series, and the upper sum has the n - k terms that there are. That
    makes r a little too small, by a part k / n, but never larger than 1. Each value is read once;
    chunks change nothing.

    Arguments:
        dataset: with variables along `time`, evenly spaced; of numpy or of dask, then nothing but
            the time and the last row is read yet.
        lags: the longest lag, as a number of values; a tenth of the series, and 1000 at most, if
            None.
        variables: which; all along `time` if None.

    Returns:
        The same variables with `lag`, in the unit of time, in place of `time`; without unit. NaN if
        a value is, or all are the same.

    Raises:
        ConfigError: there is no such variable, the times are uneven, or the lag is longer than the
            series.
    """
    chosen = committed(along(dataset, variables))
    rows, step = chosen.sizes[TIME], interval(chosen)
    longest = max(1, min(rows // 10, _MOST_BY_DEFAULT)) if lags is None else lags
    whole_times(longest, rows - 1, "lags")
    result = {
        name: _correlate(array, longest).assign_attrs(other_quantity(array, "autocorrelation", "1"))
        for name, array in chosen.data_vars.items()
    }
    lag = xr.DataArray(
        np.arange(longest + 1) * step,
        dims="lag",
        attrs={"units": time_unit(chosen), "long_name": "lag"},
    )
    return xr.Dataset(result, attrs=chosen.attrs).assign_coords(lag=lag)


def _correlate(array: xr.DataArray, longest: int) -> xr.DataArray:
    """Return r, from sums of products of values less a first guess of their mean.

    With x_t less the guess, S their sum and d the mean that is left, the upper sum is
    `sum x_t x_(t+k) - d (2 S - first k - last k) + (n - k) d^2`.
    """
    rows, sizes = array.sizes[TIME], {"lag": longest + 1}
    length = rows_of_blocks(array, at_least=4 * longest)
    exact = array.astype(np.float64)
    guess = apply(_mean, exact.isel({TIME: slice(0, length)}), sizes={})
    shifted = exact - guess
    products, sums = [], []
    for block in spans(rows, length):
        part = shifted.isel({TIME: slice(block.start, min(block.stop + longest, rows))})
        both = apply(_sums(block.stop - block.start, longest), part, sizes={"sums": longest + 2})
        products.append(both.isel(sums=slice(1, None)).rename(sums="lag"))
        sums.append(both.isel(sums=0))
    all_products, whole_sum = total(products), total(sums)
    first = apply(_heads, shifted.isel({TIME: slice(0, longest)}), sizes=sizes)
    last = apply(_tails, shifted.isel({TIME: slice(rows - longest, rows)}), sizes=sizes)
    mean = whole_sum / rows
    pairs = xr.DataArray(rows - np.arange(longest + 1.0), dims="lag")
    covariance = all_products - mean * (2 * whole_sum - first - last) + pairs * mean**2
    variance = covariance.isel(lag=0)
    # Rounding leaves something of a constant series; it is no variation.
    negligible = 1e-24 * rows * (guess**2 + mean**2)
    result = covariance / variance.where(variance > negligible)
    kind = np.result_type(array.dtype, np.float32)
    return result.transpose(*("lag" if d == TIME else d for d in array.dims)).astype(kind)


def _sums(own: int, longest: int) -> Callable[[np.ndarray], np.ndarray]:
    def function(values: np.ndarray) -> np.ndarray:
        """Return the sum, and those of products at each lag, of a block and what comes after."""
        missing = [(0, 0)] * (values.ndim - 1) + [(0, own + longest - values.shape[-1])]
        padded, block = np.pad(values, missing), values[..., :own]
        products = signal.fftconvolve(padded, block[..., ::-1], mode="valid", axes=-1)
        return np.concatenate([block.sum(axis=-1, keepdims=True), products], axis=-1)

    return function


def _mean(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=-1)


def _heads(values: np.ndarray) -> np.ndarray:
    """Return the sums of the first 0, 1, 2, ... values."""
    return np.concatenate([np.zeros_like(values[..., :1]), np.cumsum(values, axis=-1)], axis=-1)


def _tails(values: np.ndarray) -> np.ndarray:
    """Return the sums of the last 0, 1, 2, ... values."""
    return _heads(values[..., ::-1])
