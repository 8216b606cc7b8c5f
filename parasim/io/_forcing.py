"""Input u(t) from data: one variable along time, read from NetCDF, zarr or CSV.

Reading knows files and units; `Forcing.interpolant` gives the function of time that a vector field
evaluates inside `jit` (`parasim.plugins._drive`).
"""

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, first_line, near_names
from parasim.io._table import read_table
from parasim.io._time_axis import model_times

if TYPE_CHECKING:
    from parasim.io._interpolant import Interpolant

Interpolation = Literal["linear", "cubic"]
_INTERPOLATIONS = get_args(Interpolation)
_TEXT = (".csv", ".txt")


@dataclass(frozen=True, eq=False)
class Forcing:
    """A record of one variable in model time, without gaps.

    Attributes:
        times: float64, shape (times,), strictly increasing, in the system's unit of time.
        values: float64, shape (times,), finite.
        unit: as the file's `units` says; empty if it does not.
        source: the file.
        variable: its name there.
        interpolation: `"linear"` or `"cubic"`.
        filled: how many values were missing and have been interpolated linearly in time.
        trimmed: how many were missing at the ends and have been left out.
        total: how many values the file has.
    """

    times: np.ndarray
    values: np.ndarray
    unit: str
    source: Path
    variable: str
    interpolation: Interpolation
    filled: int
    trimmed: int
    total: int

    def interpolant(self, dtype: Any) -> "Interpolant":
        """Make the function of time that evaluates the record inside `jit`.

        float32 leaves decimal years of this century a resolution of 1.2e-4 year, about an hour:
        enough for months or days, not for hours. An `epoch` near the record leaves more.

        Arguments:
            dtype: of time and of the result, float32 or float64.

        Returns:
            A PyTree with `evaluate(t)`, as a diffrax path has it.

        Raises:
            ConfigError: neighbouring times are the same number in this dtype.
        """
        from parasim.io._interpolant import interpolant  # jax, which reading does without

        rounded = np.asarray(self.times, np.dtype(dtype))
        if not np.all(rounded[1:] > rounded[:-1]):
            raise ConfigError(
                f"{self.source}: its times lie closer together than {np.dtype(dtype).name} can "
                "tell apart: use dtype float64, or an epoch near the record"
            )
        return interpolant(self.times, self.values, dtype, cubic=self.interpolation == "cubic")

    def check_covers(self, t0: float, t1: float) -> None:
        """Refuse a run that the record does not cover, from t0 to t1 in model time.

        Raises:
            ConfigError: it starts before the record or ends after it; the message says what
                would work.
        """
        first, last = float(self.times[0]), float(self.times[-1])
        # A grid t0 + n dt may end a rounding error beyond the record.
        slack = 4 * np.spacing(max(abs(first), abs(last)))
        if first - slack <= t0 and t1 <= last + slack:
            return
        remedies = []
        if t0 < first - slack:
            remedies.append(f"--t0 {_rounded(first, math.ceil)} or later")
        if t1 > last + slack:
            remedies.append(f"--t1 {_rounded(last, math.floor)} or earlier")
        raise ConfigError(
            f"{self.variable} in {self.source} covers the times {first:.10g} to {last:.10g}, but "
            f"the run goes from {t0:.10g} to {t1:.10g}: use {' and '.join(remedies)}, or a longer "
            "record"
        )

    def check_within(self, minimum: float, maximum: float, unit: str) -> None:
        """Refuse values outside the range of the parameter that they stand for.

        Raises:
            ConfigError: a value is outside; often it is a code such as -99.99 for "missing".
        """
        outside = (self.values < minimum) | (self.values > maximum)
        if outside.any():
            row = int(np.argmax(outside))
            raise ConfigError(
                f"{self.variable} in {self.source} is {self.values[row]:g} at time "
                f"{self.times[row]:.10g}, outside [{minimum:g}, {maximum:g}] {unit}: convert the "
                "unit, or leave the value empty if it means that there is none"
            )


def read_forcing(
    path: str | Path,
    variable: str,
    *,
    time_unit: str,
    epoch: str | None = None,
    interpolation: Interpolation = "linear",
) -> Forcing:
    """Read a variable along time from a NetCDF file, a zarr store, or CSV with a time column.

    In CSV, lines that begin with `#` are comments, and time is the column `time`, else the first.
    Numbers on the time axis are model time as they are. Dates become decimal years for a system
    that counts years, else the time since `epoch`, in months of the calendar for one that counts
    months. Missing values inside the record are interpolated linearly and counted; missing ones at
    its ends shorten it, and are counted.

    Arguments:
        path: the file or store.
        variable: its name there.
        time_unit: the system's unit of time, such as `"year"` or `"ms"`.
        epoch: the date at model time 0, such as `"1958-01-01"`.
        interpolation: `"linear"`, or `"cubic"` for a smooth record.

    Returns:
        The record in model time.

    Raises:
        ConfigError: the file cannot be read, or it has no such variable, or the variable is not
            a series of at least two numbers along one strictly increasing time axis.
    """
    path = Path(path)
    if interpolation not in _INTERPOLATIONS:
        hint = near_names(str(interpolation), _INTERPOLATIONS)
        raise ConfigError(f"there is no interpolation {interpolation!r}: {hint}")
    if not path.exists():
        raise ConfigError(f"there is no file {path}: check the name, and the folder it is in")
    with _open(path) as dataset:
        if variable not in dataset.data_vars:
            hint = near_names(variable, map(str, dataset.data_vars))
            only = " but a coordinate of that name" if variable in dataset.coords else ""
            raise ConfigError(f"{path} has no variable {variable!r}{only}: {hint}")
        series, axis = _series(dataset[variable], path)
        times = model_times(axis, time_unit=time_unit, epoch=epoch, where=str(path))
        values = _numbers(series, path)
        unit = str(series.attrs.get("units", ""))
    _refuse_disorder(times, path)
    kept, filled, trimmed = _without_gaps(times, values, f"{variable} in {path}")
    return Forcing(
        times=times[kept],
        values=np.interp(times[kept], times[~np.isnan(values)], values[~np.isnan(values)]),
        unit=unit,
        source=path,
        variable=variable,
        interpolation=interpolation,
        filled=filled,
        trimmed=trimmed,
        total=len(values),
    )


def _open(path: Path) -> xr.Dataset:
    """Open whatever the file is as a dataset; text is read at once, the rest when needed."""
    try:
        if path.suffix.lower() in _TEXT:
            return read_table(path)
        if path.is_dir():
            return xr.open_zarr(path, decode_timedelta=False, chunks=None, consolidated=False)
        return xr.open_dataset(path, decode_timedelta=False)
    except ConfigError:
        raise
    except Exception as error:  # the backends raise whatever their libraries raise
        # h5netcdf comes without the library that it reads with.
        backend = find_spec("netCDF4") or (find_spec("h5netcdf") and find_spec("h5py"))
        if not path.is_dir() and not backend:
            remedy = "install a NetCDF backend: pip install 'parasim[netcdf]'"
        else:
            remedy = "it must be NetCDF, a zarr store, or CSV (.csv, .txt) with a time column"
        raise ConfigError(f"{path} cannot be read ({first_line(error)}): {remedy}") from error


def _series(variable: xr.DataArray, path: Path) -> tuple[xr.DataArray, xr.DataArray]:
    """Return the variable along its only dimension, and the time coordinate of that."""
    series = variable.squeeze()
    where = f"{variable.name} in {path}"
    if series.ndim > 1:
        raise ConfigError(
            f"{where} has the dimensions {tuple(map(str, series.dims))}: write a file with one "
            "place or one mean along time, such as with xarray's isel() or mean()"
        )
    if series.ndim == 1:
        for name in (series.dims[0], "time"):
            if name in series.coords and series.coords[name].dims == series.dims:
                return series, series.coords[name]
    if variable.ndim and variable.size <= 1:
        raise ConfigError(f"{where} has {variable.size} values: at least two are needed")
    raise ConfigError(f"{where} has no time axis: give its dimension a coordinate of times")


def _numbers(series: xr.DataArray, path: Path) -> np.ndarray:
    """Return the values as float64; NaN means missing, and infinite values are refused."""
    if series.dtype.kind not in "iufb":
        raise ConfigError(
            f"{series.name} in {path} holds something that is no number: leave such values empty"
        )
    values = series.values.astype(np.float64)
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise ConfigError(f"{series.name} in {path} is infinite in row {row}: leave it empty")
    return values


def _refuse_disorder(times: np.ndarray, path: Path) -> None:
    """Refuse times that do not increase from row to row."""
    bad = np.flatnonzero(np.diff(times) <= 0)
    if bad.size:
        row = int(bad[0]) + 1
        what = "the same time as" if times[row] == times[row - 1] else "an earlier time than"
        raise ConfigError(
            f"{path}: row {row} (time {times[row]:.10g}) has {what} the row before it: sort the "
            "file by time, one value per time"
        )


def _without_gaps(times: np.ndarray, values: np.ndarray, what: str) -> tuple[slice, int, int]:
    """Return the rows between the first and the last value, the gaps there, and rows left out."""
    present = np.flatnonzero(~np.isnan(values))
    if present.size < 2:
        raise ConfigError(f"{what} has {present.size} values: at least two are needed")
    kept = slice(int(present[0]), int(present[-1]) + 1)
    inside = len(times[kept])
    return kept, inside - present.size, len(times) - inside


def _rounded(time: float, direction: Any) -> float:
    """Round into the record, to a number that one can type."""
    return direction(time * 1e4) / 1e4 if abs(time) < 1e9 else time
