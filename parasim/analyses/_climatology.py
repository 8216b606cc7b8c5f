"""Means by the phase of a cycle."""

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, near_names
from parasim.analyses._metadata import cell_method
from parasim.analyses._time import TIME, Names, along, committed, is_calendar, times, whole_times

_CALENDAR = ("hour", "dayofyear", "month", "season")
_PART_OF_BIN = 1e-6  # what is closer to the end of a bin, by rounding, is in the next


def climatology(
    dataset: xr.Dataset,
    *,
    period: float | None = None,
    bins: int = 12,
    calendar: str | None = None,
    variables: Names = None,
) -> xr.Dataset:
    """Return the mean by the phase of a period, or by a part of the calendar.

    The phase is `t / period` without its whole part. Chunks change the result by rounding only.

    Arguments:
        dataset: with variables along `time`; of numpy or of dask, then nothing but the time and
            the last row is read yet.
        period: in the unit of time.
        bins: into which a period is divided.
        calendar: in place of a period, if the times are dates: "hour", "dayofyear", "month" or
            "season".
        variables: which; all along `time` if None.

    Returns:
        The same variables with `phase`, the middles of the bins from 0 to 1, or with the part of
        the calendar in place of `time`. NaN where a value is, and in bins without values.

    Raises:
        ConfigError: there is no such variable, not one of period and calendar was given, or the
            times are no dates.
    """
    chosen = committed(along(dataset, variables))
    if (period is None) == (calendar is None):
        raise ConfigError("give either a period or a part of the calendar, such as 'month'")
    if calendar is not None:
        name, groups = calendar, _calendar_groups(chosen, calendar)
        words = "time: mean within years time: mean over years"
    else:
        name, groups = "phase", _phase_groups(chosen, period, bins)
        words = "time: mean"
    result = chosen.groupby(groups).mean(TIME, skipna=False, keep_attrs=True)
    if calendar is None:
        result = result.reindex(phase=np.arange(bins)).assign_coords(
            phase=("phase", (np.arange(bins) + 0.5) / bins)
        )
        result["phase"].attrs.update(
            {"units": "1", "long_name": f"phase of the period {period:g}, middle of the bin"}
        )
    described = {}
    for key, array in result.data_vars.items():
        dims = [name if d == TIME else d for d in chosen[key].dims]
        described[key] = array.transpose(*dims).assign_attrs(cell_method(array, words))
    return result.assign(described).assign_attrs(chosen.attrs)


def _phase_groups(dataset: xr.Dataset, period: float | None, bins: int) -> xr.DataArray:
    if isinstance(period, bool) or not isinstance(period, int | float) or not 0 < period < np.inf:
        raise ConfigError(f"the period must be a positive number, not {period!r}")
    whole_times(bins, 10**6, "bins")
    cycles = times(dataset) / period
    place = np.floor(cycles * bins + _PART_OF_BIN).astype(np.int64) % bins
    return xr.DataArray(place, dims=TIME, coords={TIME: dataset[TIME]}, name="phase")


def _calendar_groups(dataset: xr.Dataset, part: str) -> xr.DataArray:
    if part not in _CALENDAR:
        raise ConfigError(f"{part!r} is no part of the calendar: {near_names(part, _CALENDAR)}")
    if not is_calendar(dataset):
        raise ConfigError(
            "the times are numbers, not dates: give a period in their unit in place of "
            f"{part!r}, or make dates of them"
        )
    return getattr(dataset[TIME].dt, part)
