"""From the time coordinate of a record to the model's time, in the system's unit.

Calendar dates become decimal years where the system counts years, else the time since an epoch;
where it counts months, those of the calendar, so that monthly means are evenly spaced. Numbers are
taken as model time as they are.
"""

from typing import Any

import numpy as np
import xarray as xr

from parasim._errors import ConfigError

_YEAR = ("year", "years", "yr", "a")
_MONTH = ("month", "months")
_SECONDS = {
    name: seconds
    for seconds, names in (
        (1e-3, ("ms", "millisecond", "milliseconds", "msec")),
        (1.0, ("s", "sec", "second", "seconds")),
        (60.0, ("min", "minute", "minutes")),
        (3600.0, ("h", "hr", "hour", "hours")),
        (86400.0, ("d", "day", "days")),
        (86400.0 * 365.2425, _YEAR),
    )
    for name in names
}


def model_times(axis: xr.DataArray, *, time_unit: str, epoch: str | None, where: str) -> np.ndarray:
    """Convert a time coordinate to model time.

    Arguments:
        axis: numbers, or dates (datetime64, or cftime for other calendars); shape (times,).
        time_unit: the system's, such as `"year"` or `"ms"`.
        epoch: the date at model time 0, as ISO 8601; not for numbers.
        where: the file, for messages.

    Returns:
        Shape (times,), float64.

    Raises:
        ConfigError: times are missing, or are neither numbers nor dates, or are in another unit,
            or the epoch is missing, wrong, or of no use.
    """
    values = axis.values
    present = np.isfinite(values) if values.dtype.kind == "f" else axis.notnull().values
    missing = np.flatnonzero(~present)
    if missing.size:
        raise ConfigError(
            f"{where}: the time in row {missing[0]} is missing: fill it in or drop the row"
        )
    if values.dtype.kind in "iuf":
        if epoch is not None:
            raise ConfigError(f"{where}: its time axis has numbers, not dates: leave out the epoch")
        _refuse_other_unit(axis, time_unit, where)
        times = values.astype(np.float64)
    elif values.dtype.kind == "M" or _is_cftime(values):
        times = _calendar(axis, time_unit, epoch, where)
    else:
        raise ConfigError(
            f"{where}: its time axis has neither numbers nor dates such as 1958-03-01, but "
            f"{values.flat[0]!r}"
        )
    return times


def _calendar(axis: xr.DataArray, time_unit: str, epoch: str | None, where: str) -> np.ndarray:
    """Return dates as decimal years, or as time since the epoch."""
    start = None if epoch is None else _date(epoch)
    if time_unit in _YEAR:
        years = axis.dt.decimal_year.values.astype(np.float64)
        if start is None:
            return years
        return years - float(xr.DataArray([start]).dt.decimal_year.values[0])
    if time_unit not in (*_SECONDS, *_MONTH):
        raise ConfigError(
            f"{where}: dates cannot be turned into the system's time, whose unit is "
            f"{time_unit!r}: give the file a time axis of numbers"
        )
    if start is None:
        raise ConfigError(
            f"{where}: its time axis has dates and the system counts {time_unit!r}: name the date "
            f"at time 0 with epoch, such as epoch = {str(axis.dt.strftime('%Y-%m-%d').values[0])!r}"
        )
    if time_unit in _MONTH:
        return _months(axis) - float(_months(xr.DataArray([start]))[0])
    if axis.dtype.kind == "M":
        elapsed = (axis.values - start) / np.timedelta64(1, "us") * 1e-6
    else:
        import cftime

        calendar = axis.values[0].calendar
        elapsed = np.asarray(cftime.date2num(axis.values, f"seconds since {start}", calendar))
    return elapsed.astype(np.float64) / _SECONDS[time_unit]


def _months(axis: xr.DataArray) -> np.ndarray:
    """Return the months of the calendar since year 0, with the part of the month that is over."""
    date = axis.dt
    days = date.day - 1 + (date.hour + (date.minute + date.second / 60) / 60) / 24
    return (12.0 * date.year + date.month + days / date.days_in_month).values


def _date(epoch: str) -> np.datetime64:
    """Read the date at model time 0."""
    try:
        date = np.datetime64(str(epoch), "us")
    except ValueError as error:
        raise ConfigError(f"epoch = {epoch!r} is no date: write it as 1958-03-01") from error
    if np.isnat(date):
        raise ConfigError(f"epoch = {epoch!r} is no date: write it as 1958-03-01")
    return date


def _refuse_other_unit(axis: xr.DataArray, time_unit: str, where: str) -> None:
    """Refuse numbers that the file says are in a unit other than the system's."""
    unit = str(axis.attrs.get("units", time_unit))
    theirs, ours = (_SECONDS.get(name, name in _MONTH and "month") for name in (unit, time_unit))
    if theirs and ours and theirs != ours:
        raise ConfigError(
            f"{where}: its time axis is in {unit!r}, the system's time in {time_unit!r}: convert "
            "the axis"
        )


def _is_cftime(values: Any) -> bool:
    """Say whether these are dates of a calendar that numpy does not know."""
    return values.dtype == object and hasattr(values.flat[0], "calendar")
