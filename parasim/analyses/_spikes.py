"""Spikes: their times, their rate, and the intervals between them."""

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._events import Events, events_array, search, table, upward
from parasim.analyses._metadata import described, inverse
from parasim.analyses._time import TIME, Names, along, committed, date_unit, time_unit, times


def spike_times(
    dataset: xr.Dataset, *, threshold: float, refractory: float = 0.0, variables: Names = None
) -> xr.Dataset:
    """Return the times at which each series passes a threshold upwards.

    The times are interpolated linearly between rows. Chunks change nothing.

    Arguments:
        dataset: with variables along `time`; of numpy or of dask, which is read once, now: how
            many spikes there are decides the shape of the result.
        threshold: in the unit of the variables.
        refractory: a spike sooner than that after the last one is not counted; in the unit of time.
        variables: which; all along `time` if None.

    Returns:
        For each variable `x` its `x_spike_time`, with `spike` in place of `time` as the last
        dimension, as long as the series with the most spikes needs; NaN behind the last spike of
        the others. (`x_spike_time.notnull().sum("spike")` counts them.) No spike is found beside a
        NaN.

    Raises:
        ConfigError: there is no such variable, or a number is none.
    """
    chosen = _checked(dataset, variables, threshold, refractory)
    result = {}
    for name, array in chosen.data_vars.items():
        series = array.transpose(TIME, ...)
        found = _spikes(series, times(chosen), threshold, refractory)
        filled = table(found.series, found.times, len(found.gaps))
        result[f"{name}_spike_time"] = events_array(filled, series, "spike").assign_attrs(
            units=date_unit(chosen), long_name=described(array, "times of spikes")
        )
    return _together(result, "spike", chosen)


def interspike_intervals(
    dataset: xr.Dataset, *, threshold: float, refractory: float = 0.0, variables: Names = None
) -> xr.Dataset:
    """Return the times between successive spikes of each series.

    Arguments:
        dataset, threshold, refractory, variables: see `spike_times`.

    Returns:
        For each variable `x` its `x_interval`, with `interval` in place of `time` as the last
        dimension; NaN behind the last of each series.

    Raises:
        ConfigError: as `spike_times`.
    """
    moments = spike_times(dataset, threshold=threshold, refractory=refractory, variables=variables)
    unit = time_unit(along(dataset, variables))
    result = {}
    for name, array in moments.data_vars.items():
        base = str(name).removesuffix("_spike_time")
        kept = {"units": unit, "long_name": described(dataset[base], "intervals between spikes")}
        if array.sizes["spike"] < 2:
            difference = array.isel(spike=slice(0, 0))
        else:
            difference = array.diff("spike")
        result[f"{base}_interval"] = difference.rename(spike="interval").assign_attrs(kept)
    return xr.Dataset(result, attrs=moments.attrs)


def spike_rate(
    dataset: xr.Dataset,
    *,
    threshold: float,
    refractory: float = 0.0,
    width: float | None = None,
    variables: Names = None,
) -> xr.Dataset:
    """Return how many spikes each series has in a unit of time.

    Arguments:
        dataset, threshold, refractory, variables: see `spike_times`.
        width: of the bins of time in which spikes are counted; the whole series if None. What is
            left behind the last whole bin is left out.

    Returns:
        For each variable `x` its `x_spike_rate`, without `time`, or along the middles of the bins.
        NaN for a series with a NaN in it.

    Raises:
        ConfigError: as `spike_times`, or the series is shorter than a bin.
    """
    chosen = _checked(dataset, variables, threshold, refractory)
    moments = times(chosen)
    duration = moments[-1] - moments[0]
    if width is not None and not 0 < width <= duration:
        raise ConfigError(f"width must be more than 0 and at most {duration:g}, not {width!r}")
    bins = 1 if width is None else int(duration / width * (1 + 1e-12))
    edges = moments[0] + np.arange(bins + 1) * (duration if width is None else width)
    result = {}
    for name, array in chosen.data_vars.items():
        series = array.transpose(TIME, ...)
        found = _spikes(series, moments, threshold, refractory)
        place = np.searchsorted(edges, found.times, side="right") - 1
        # A spike at the very end belongs to the last bin.
        place[found.times == edges[-1]] = bins - 1
        inside = place < bins
        flat = found.series[inside] * bins + place[inside]
        counts = np.bincount(flat, minlength=len(found.gaps) * bins).reshape(-1, bins)
        rates = np.where(found.gaps[:, None], np.nan, counts / (edges[1] - edges[0]))
        attributes = {
            "units": inverse(time_unit(chosen)),
            "long_name": described(array, "rate of spikes"),
            "cell_methods": "time: mean",
        }
        rate = events_array(rates, series, TIME).assign_attrs(attributes)
        result[f"{name}_spike_rate"] = rate.isel({TIME: 0}) if width is None else rate
    dataset = xr.Dataset(result, attrs=chosen.attrs)
    if width is None:
        return dataset
    kept = {**chosen[TIME].attrs, "units": date_unit(chosen)}
    return dataset.assign_coords({TIME: (TIME, (edges[1:] + edges[:-1]) / 2, kept)})


def _checked(
    dataset: xr.Dataset, variables: Names, threshold: float, refractory: float
) -> xr.Dataset:
    chosen = committed(along(dataset, variables))
    if not np.isfinite(threshold):
        raise ConfigError(f"the threshold must be a finite number, not {threshold!r}")
    if not (np.isfinite(refractory) and refractory >= 0):
        raise ConfigError(f"the refractory time must be 0 or more, not {refractory!r}")
    if chosen.sizes[TIME] < 2:
        raise ConfigError("there is one time only: this analysis needs a series")
    return chosen


def _spikes(
    series: xr.DataArray, moments: np.ndarray, threshold: float, refractory: float
) -> Events:
    def find(block_times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return upward(block_times, values, threshold)[:2]

    found = search(find, [series], moments, beyond=1)
    if not refractory:
        return found
    kept = _not_refractory(found.series, found.times, refractory)
    return found._replace(series=found.series[kept], times=found.times[kept])


def _not_refractory(series: np.ndarray, moments: np.ndarray, refractory: float) -> np.ndarray:
    """Return which spikes are not too soon after the last one that counts."""
    kept = np.zeros(len(series), bool)
    current, last = -1, -np.inf
    for place, (number, moment) in enumerate(zip(series.tolist(), moments.tolist(), strict=True)):
        if number != current or moment - last >= refractory:
            kept[place] = True
            current, last = number, moment
    return kept


def _together(arrays: dict[str, xr.DataArray], dim: str, chosen: xr.Dataset) -> xr.Dataset:
    """Return a dataset of arrays whose numbers of events differ."""
    longest = max(array.sizes[dim] for array in arrays.values())
    padded = {
        name: array.pad({dim: (0, longest - array.sizes[dim])}, constant_values=np.nan)
        for name, array in arrays.items()
    }
    return xr.Dataset(padded, attrs=chosen.attrs)
