"""Which part of a dataset is drawn: of time, of its runs, of its places."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, near_names
from parasim.analyses._metadata import unit_of
from parasim.analyses._time import TIME, along
from parasim.analyses.pictures._style import plain, unit_text
from parasim.io._order import declared

MEMBER = "member"

_MOST_PLACES = 1_000


def run_axes(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the dimensions of an ensemble or a sweep: all but those in space."""
    if "growth_rate" in dataset:
        return tuple(str(d) for d in dataset["growth_rate"].dims if d != "window")
    return (MEMBER,) if MEMBER in dataset.dims else ()


def state_variables(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the variables along time, as the system orders them; others by alphabet."""
    return tuple(declared(map(str, along(dataset).data_vars), dataset.attrs))


def space_dims(array: xr.DataArray, runs: Sequence[str]) -> tuple[str, ...]:
    """Return the dimensions of a variable in space: all but time and those of runs."""
    return tuple(str(d) for d in array.dims if d not in (TIME, *runs))


def thin_places(array: xr.DataArray, dims: Sequence[str]) -> xr.DataArray:
    """Take each so many-th place along some dimensions, as many as can be told apart."""
    steps = {d: slice(None, None, -(-array.sizes[d] // _MOST_PLACES)) for d in dims}
    return array.isel(steps)


def is_recurrence(dataset: xr.Dataset | xr.DataArray) -> bool:
    """Whether time goes in steps, between which there is nothing."""
    return unit_of(dataset[TIME]) == "step"


def between(dataset: xr.Dataset, t0: float | None, t1: float | None) -> xr.Dataset:
    """Return the rows of a part of time; of times that are not indexed only some are read.

    Raises:
        ConfigError: there are no rows there.
    """
    if t0 is None and t1 is None:
        return dataset
    times, count = dataset[TIME], dataset.sizes[TIME]

    def at(row: int) -> float:
        return float(times[row])

    if times.dtype.kind not in "fiu":
        raise ConfigError("the times are dates: choose among them with dataset.sel(time=...)")
    first = 0 if t0 is None else bisect_left(range(count), t0, key=at)
    behind = count if t1 is None else bisect_right(range(count), t1, key=at)
    if first >= behind:
        ends = f"{at(0):g} and {at(count - 1):g}" if count else "nowhere"
        raise ConfigError(
            f"there is nothing between t0 = {t0} and t1 = {t1}: the times are between {ends}"
        )
    return dataset.isel({TIME: slice(first, behind)})


def selected(dataset: xr.Dataset, places: Mapping[str, Sequence[float | str]]) -> xr.Dataset:
    """Return a choice of members, of a sweep's values, or of places.

    Arguments:
        dataset: of a run.
        places: by dimension; values of the coordinate, the nearest where they are numbers, or
            numbers from 0 where there is none.

    Raises:
        ConfigError: there is no such dimension, or no such place.
    """
    for dim, values in places.items():
        known = [str(d) for d in dataset.dims if d not in (TIME, "window")]
        if dim not in known:
            raise ConfigError(f"there is no dimension {dim!r}: {near_names(dim, known)}")
        dataset = dataset.isel({dim: [_place(dataset, dim, value) for value in values]})
    return dataset


def _place(dataset: xr.Dataset, dim: str, value: float | str) -> int:
    size = dataset.sizes[dim]
    values = dataset[dim].values if dim in dataset.coords else np.arange(size)
    if values.dtype.kind in "fiu":
        if isinstance(value, str) or not np.isfinite(value):
            raise ConfigError(f"{dim} has numbers, such as {values[0]:g}, not {value!r}")
        if dim not in dataset.coords and value not in values:
            raise ConfigError(f"{dim} has the places 0 to {size - 1}, not {value:g}")
        return int(np.abs(values - value).argmin())
    texts = [str(v) for v in values]
    if str(value) not in texts:
        raise ConfigError(f"{dim} has no {str(value)!r}: {near_names(str(value), texts)}")
    return texts.index(str(value))


def evenly(count: int, most: int) -> list[int]:
    """Return some of so many places: all of them, or the first, the last and some in between."""
    if count <= most:
        return list(range(count))
    return np.unique(np.linspace(0, count - 1, most).round().astype(int)).tolist()


def series_of(
    array: xr.DataArray, most: int, along: str = TIME
) -> tuple[list[xr.DataArray], list[str]]:
    """Return some series of an array, evenly chosen, and what they are called.

    Arguments:
        array: along a dimension and others.
        most: how many at most.
        along: the dimension.
    """
    dims = [str(d) for d in array.dims if d != along]
    sizes = [array.sizes[d] for d in dims]
    numbers = evenly(math.prod(sizes), most)
    places = [map(int, np.unravel_index(n, sizes)) if sizes else () for n in numbers]
    chosen = [dict(zip(dims, place, strict=True)) for place in places]
    return [array.isel(place) for place in chosen], [place_name(array, p) for p in chosen]


def place_name(array: xr.DataArray, place: Mapping[str, int]) -> str:
    """Return what a place is called, such as `member 1, F = 2`."""
    return ", ".join(_one_place(array, dim, index) for dim, index in place.items())


def _one_place(array: xr.DataArray, dim: str, index: int) -> str:
    if dim not in array.coords:
        return f"{plain(dim)} {index}"
    coordinate = array[dim]
    value: Any = coordinate.values[index]
    if dim == MEMBER or not np.issubdtype(coordinate.dtype, np.floating):
        return f"{plain(dim)} {plain(value)}"
    unit = unit_of(coordinate)
    return f"{plain(dim)} = {value:.6g}" + (
        "" if unit in ("1", "") else f" {plain(unit_text(unit))}"
    )
