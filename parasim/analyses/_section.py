"""Poincaré sections."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, near_names
from parasim.analyses._events import events_array, search, table, upward
from parasim.analyses._time import TIME, Names, along, committed, date_unit, times

_DIRECTIONS = ("up", "down")


def poincare_section(
    dataset: xr.Dataset,
    *,
    plane: str,
    level: float,
    direction: str = "up",
    at: Mapping[str, Any] | None = None,
    variables: Names = None,
) -> xr.Dataset:
    """Return the state where a variable passes a level in one direction.

    Time and all variables are interpolated linearly between rows, with an error that shrinks as
    the square of the time between them. Chunks change nothing.

    Arguments:
        dataset: with variables along `time`; of numpy or of dask, which is read once, now: how
            many crossings there are decides the shape of the result.
        plane: the variable that passes the level. Along each of its dimensions besides `time`, such
            as `member`, there is a section for each value, unless `at` picks one.
        level: in the unit of the variable.
        direction: "up" or "down".
        at: where along other dimensions the variable is looked at, such as `{"site": 0}`.
        variables: those that are wanted; all along `time` if None.

    Returns:
        `crossing_time` and the variables, with `crossing` in place of `time`, behind the dimensions
        of the sections; NaN behind the last crossing of each.

    Raises:
        ConfigError: there is no such variable, dimension, place or direction.
    """
    if direction not in _DIRECTIONS:
        raise ConfigError(f"direction = {direction!r}: {near_names(str(direction), _DIRECTIONS)}")
    if not np.isfinite(level):
        raise ConfigError(f"the level must be a finite number, not {level!r}")
    along(dataset, plane)
    chosen = committed(along(dataset, variables))
    passing = _looked_at(dataset[plane].isel({TIME: slice(0, chosen.sizes[TIME])}), at or {})
    if len(passing) < 2:
        raise ConfigError("there is one time only: this analysis needs a series")
    outer = [d for d in passing.dims if d != TIME]
    arrays, extra = [], []
    for array in chosen.data_vars.values():
        lacking = {d: passing.sizes[d] for d in outer if d not in array.dims}
        own = [str(d) for d in array.dims if d != TIME and d not in outer]
        arrays.append(array.expand_dims(lacking).transpose(TIME, *outer, *own))
        extra.append(own)
    sign = 1 if direction == "up" else -1

    def find(moments: np.ndarray, values: np.ndarray, *others: np.ndarray) -> tuple:
        series, crossed, row, part = upward(moments, sign * values, sign * level)
        tables = (o.reshape(*values.shape, *o.shape[1 + len(outer) :]) for o in others)
        return series, crossed, *(_between(o, row, series, part) for o in tables)

    found = search(find, [passing, *arrays], times(chosen), beyond=1)
    count = len(found.gaps)
    moments = events_array(table(found.series, found.times, count), passing, "crossing")
    result = {
        "crossing_time": moments.assign_attrs(
            units=date_unit(chosen), long_name=f"time at which {plane} passes {level:g}"
        )
    }
    for (name, array), own, values in zip(
        chosen.data_vars.items(), extra, found.values, strict=True
    ):
        filled = table(found.series, values, count)
        point = events_array(filled, passing, "crossing", own).assign_attrs(array.attrs)
        coordinates = {d: array[d] for d in own if d in array.coords}
        result[str(name)] = point.assign_coords(coordinates)
    return xr.Dataset(result, attrs=chosen.attrs)


def _looked_at(array: xr.DataArray, at: Mapping[str, Any]) -> xr.DataArray:
    for dim in at:
        if dim not in array.dims or dim == TIME:
            known = [str(d) for d in array.dims if d != TIME]
            raise ConfigError(f"{array.name!r} has no dimension {dim!r}: {near_names(dim, known)}")
    try:
        return array.sel(at, drop=True).transpose(TIME, ...)
    except (KeyError, IndexError) as error:
        raise ConfigError(f"{array.name!r} has no place {dict(at)}: {error}") from error


def _between(
    values: np.ndarray, row: np.ndarray, series: np.ndarray, part: np.ndarray
) -> np.ndarray:
    """Return values between rows, shape (events, ...)."""
    before, after = values[row, series], values[row + 1, series]
    passed = part.reshape(-1, *(1,) * (before.ndim - 1))
    return (1 - passed) * before + passed * after
