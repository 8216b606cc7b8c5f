"""How small differences grew over a run."""

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._metadata import unit_of

_NEEDED = ("growth_rate", "exponent", "exponent_error")
_FEWEST = 2


def growth_over_time(dataset: xr.Dataset) -> xr.Dataset:
    """Return the growth rate of each window of a run, its mean so far, and the running exponent.

    The mean so far is over the windows in which growth was measured, each as heavy as the time that
    it spans:

        m_k = sum_i T_i g_i / sum_i T_i,    error_k^2 = k / (k - 1) sum_i T_i^2 (g_i - m_k)^2
                                                        / (sum_i T_i)^2

    It is the finite-time Lyapunov exponent from the beginning on. The running exponent, which the
    run itself kept, forgets: it is that of the last ten windows or so, and follows a change.

    Arguments:
        dataset: of a run of parasim: with `growth_rate`, `exponent`, `exponent_error` and
            `window_time` along `window`.

    Returns:
        These, as far as the run has come, and `mean_growth_rate` and `mean_growth_rate_error`, NaN
        before growth was measured, and twice for the error. With `mode`, if it is there. The error
        takes windows for independent.

    Raises:
        ConfigError: a variable is missing.
    """
    missing = [name for name in (*_NEEDED, "window_time") if name not in dataset.variables]
    if missing:
        raise ConfigError(
            f"the dataset does not say how differences grew ({missing[0]!r} is missing): give all "
            "of what a run wrote, not a part"
        )
    kept = [*_NEEDED, *(["mode"] if "mode" in dataset else [])]
    ends = dataset["window_time"]
    if not np.issubdtype(ends.dtype, np.floating):
        raise ConfigError("'window_time' must be numbers: it is the model time at windows' ends")
    chosen = complete_windows(dataset[kept].assign_coords(window_time=ends))
    if any(array.chunks for array in chosen.variables.values()):
        chosen = chosen.chunk(window=-1)
    start = float(dataset["time"][0]) if dataset.sizes.get("time") else 0.0
    spans = xr.DataArray(np.diff(chosen["window_time"].values, prepend=start), dims="window")
    rate = chosen["growth_rate"]
    mean, error = xr.apply_ufunc(
        _so_far,
        rate,
        spans,
        input_core_dims=[["window"], ["window"]],
        output_core_dims=[["window"], ["window"]],
        dask="parallelized",
        output_dtypes=[np.float64, np.float64],
    )
    units = {"units": unit_of(rate)}
    added = {
        "mean_growth_rate": mean.assign_attrs(
            units, long_name="mean growth rate so far", cell_methods="window: mean"
        ),
        "mean_growth_rate_error": error.assign_attrs(
            units, long_name="standard error of the mean growth rate so far"
        ),
    }
    return chosen.assign({n: a.transpose(*rate.dims) for n, a in added.items()})


def complete_windows(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset without windows that are not there yet: `xarray.open_zarr` shows them."""
    count = int(np.isfinite(dataset["window_time"].values).sum())
    return dataset.isel(window=slice(0, count))


def _so_far(rates: np.ndarray, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the rates up to each, and its standard error."""
    known = np.isfinite(rates)
    heavy = np.where(known, spans, 0.0)
    values = np.where(known, rates, 0.0).astype(np.float64)
    time, number = np.cumsum(heavy, -1), np.cumsum(known, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.cumsum(heavy * values, -1) / time
        squares = np.cumsum(heavy**2 * values**2, -1) - 2 * mean * np.cumsum(heavy**2 * values, -1)
        squares = squares + mean**2 * np.cumsum(heavy**2, -1)
        error = np.sqrt(np.maximum(squares, 0) * number / (number - 1)) / time
    return np.where(number > 0, mean, np.nan), np.where(number >= _FEWEST, error, np.nan)
