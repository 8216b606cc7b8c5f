"""What all analyses ask of a dataset: variables along time, as far as there are values."""

from collections.abc import Iterable, Iterator

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, near_names

TIME = "time"

Names = str | Iterable[str] | None
"""One name, several, or None for all that there are."""

_UNEVEN = 1e-3  # of the mean interval
_BLOCK = 2**20


def as_names(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return one name or several as several."""
    return (names,) if isinstance(names, str) else tuple(names)


def along(dataset: xr.Dataset, variables: Names = None, dim: str = TIME) -> xr.Dataset:
    """Return the variables that have a dimension, with their coordinates and all attributes.

    Arguments:
        dataset: such as a store opened with `parasim.open`.
        variables: which; all numbers along the dimension if None.
        dim: the dimension.

    Raises:
        ConfigError: there is no such dimension, or no such variable, or it lacks the dimension.
    """
    if not isinstance(dataset, xr.Dataset):
        raise ConfigError(
            f"an xarray.Dataset is needed, not {type(dataset).__name__}: open a store with "
            "parasim.open, or call .to_dataset(name=...) on an array"
        )
    if dim not in dataset.dims:
        raise ConfigError(
            f"the dataset has no dimension {dim!r}; {near_names(dim, map(str, dataset.dims))}"
        )
    known = [
        str(name)
        for name, array in dataset.data_vars.items()
        if dim in array.dims and array.dtype.kind in "fiub"
    ]
    chosen = known if variables is None else list(as_names(variables))
    for name in chosen:
        if name not in known:
            raise ConfigError(
                f"there is no variable {name!r} along {dim!r}: {near_names(name, known)}"
            )
    if not chosen:
        raise ConfigError(f"the dataset has no variable along {dim!r}: there is nothing to analyse")
    if not all(dataset.sizes[d] for d in dataset[chosen].dims):
        empty = next(d for d in dataset[chosen].dims if not dataset.sizes[d])
        raise ConfigError(f"the dimension {str(empty)!r} is empty: there is nothing to analyse")
    return dataset[chosen]


def along_all(
    dataset: xr.Dataset, dims: str | Iterable[str], variables: Names = None
) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Return the variables along `time` that have some dimensions besides, and these.

    Raises:
        ConfigError: as `along`; or no dimension is named.
    """
    over = as_names(dims)
    if not over:
        raise ConfigError("dims names no dimension: name at least one, such as 'member'")
    chosen = along(dataset, variables)
    for dim in over:
        if dim not in chosen.dims:
            raise ConfigError(
                f"there is no dimension {dim!r}: {near_names(dim, map(str, chosen.dims))}"
            )
    lacking = [name for name, a in chosen.data_vars.items() if not set(over) <= set(a.dims)]
    if lacking and (variables is not None or len(lacking) == len(chosen.data_vars)):
        raise ConfigError(
            f"{lacking[0]!r} lacks one of {', '.join(over)}: leave it out of the variables"
        )
    return chosen.drop_vars(lacking), over


def committed(dataset: xr.Dataset) -> xr.Dataset:
    """Return the rows up to the last in which anything is there.

    A store that a run still fills has NaN behind what is complete. Of a dask array only the last
    row is read, unless it is such a one.

    Raises:
        ConfigError: there is nothing yet.
    """
    floats = [array for array in dataset.data_vars.values() if array.dtype.kind == "f"]
    if not floats or len(floats) < len(dataset.data_vars):
        return dataset
    last = dataset.sizes[TIME] - 1
    if any(bool(array[{TIME: last}].notnull().any()) for array in floats):
        return dataset
    present = [array.notnull().any([d for d in array.dims if d != TIME]) for array in floats]
    rows = np.flatnonzero(np.any(xr.Dataset(dict(enumerate(present))).to_array().values, axis=0))
    if not rows.size:
        raise ConfigError(
            "all values are NaN: the run has not completed its first window; try again later"
        )
    return dataset.isel({TIME: slice(0, int(rows[-1]) + 1)})


def is_calendar(dataset: xr.Dataset) -> bool:
    """Whether the times are dates, of numpy or of cftime."""
    return dataset[TIME].dtype.kind == "M" or dataset[TIME].dtype == object


def time_unit(dataset: xr.Dataset) -> str:
    """Return the unit in which durations are given: that of time, or seconds for dates."""
    return "s" if is_calendar(dataset) else str(dataset[TIME].attrs.get("units", "1"))


def date_unit(dataset: xr.Dataset) -> str:
    """Return the unit in which moments are given: that of time, or seconds since the first date."""
    if not is_calendar(dataset):
        return time_unit(dataset)
    first = dataset[TIME].values[0]
    date = np.datetime_as_string(first, "ns") if dataset[TIME].dtype.kind == "M" else first
    return f"seconds since {date}"


def times(dataset: xr.Dataset) -> np.ndarray:
    """Return the times as numbers: as they are, or dates as seconds since the first.

    Raises:
        ConfigError: they are not finite, or do not increase.
    """
    values = dataset[TIME].values
    if values.dtype.kind == "M":
        values = (values - values[0]) / np.timedelta64(1, "ns") * 1e-9
    elif values.dtype == object:
        values = np.array([(value - values[0]).total_seconds() for value in values])
    values = values.astype(np.float64, copy=False)
    if not (np.isfinite(values[[0, -1]]).all() and all((d > 0).all() for _, d in _steps(values))):
        raise ConfigError("the times must increase from row to row: sort the dataset by time first")
    return values


def interval(dataset: xr.Dataset) -> float:
    """Return the time between two rows, the same for all to 0.1 %.

    Raises:
        ConfigError: there is one row only, or the times are uneven.
    """
    values = times(dataset)
    if len(values) < 2:
        raise ConfigError("there is one time only: this analysis needs a series")
    mean = (values[-1] - values[0]) / (len(values) - 1)
    for first, steps in _steps(values):
        uneven = np.flatnonzero(np.abs(steps - mean) > _UNEVEN * mean)
        if uneven.size:
            before, after = values[first + uneven[0] : first + uneven[0] + 2]
            raise ConfigError(
                f"the times are not evenly spaced: {before:g} and {after:g} are not {mean:g} "
                "apart; interpolate first, such as with dataset.interp(time=...)"
            )
    return float(mean)


def _steps(values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the differences in blocks, each after the index of its first; there may be 1e8."""
    for first in range(0, len(values) - 1, _BLOCK):
        yield first, np.diff(values[first : first + _BLOCK + 1])


def whole_times(count: int, rows: int, name: str) -> None:
    """Refuse a number of rows that is none, or more than there are.

    Raises:
        ConfigError: that.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, not {count!r}")
    if count > rows:
        raise ConfigError(
            f"{name} = {count} is more than the {rows} values that there are: choose less"
        )
