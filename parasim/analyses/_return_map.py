"""Return maps: what follows what."""

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, near_names
from parasim.analyses._events import events_array, search, table
from parasim.analyses._metadata import described
from parasim.analyses._time import TIME, Names, along, committed, times

_POINTS = ("maxima", "minima", "values")


def return_map(
    dataset: xr.Dataset, *, points: str = "maxima", dim: str = TIME, variables: Names = None
) -> xr.Dataset:
    """Return pairs of successive points of each series: its maxima, its minima, or all its values.

    The maxima of Lorenz's z lie on a curve with one peak, which shows that a simple map rules the
    chaos. A maximum is that of the parabola through the largest value and its two neighbours, so
    its error is far smaller than the distance of rows. Chunks change nothing.

    Arguments:
        dataset: with variables along `dim`; of numpy or of dask, which is read once, now, for
            extrema: how many there are decides the shape of the result.
        points: "maxima", "minima" or "values".
        dim: along which values follow each other, such as "crossing" for those of
            `poincare_section`; extrema are looked for along `time`.
        variables: which; all along `dim` if None.

    Returns:
        For each variable `x` its points as `x` and what follows each as `x_next`, with `iterate` in
        place of `dim`; NaN behind the last.

    Raises:
        ConfigError: there is no such variable, or too few values, or a name is wrong.

    Source: Lorenz, Journal of the Atmospheric Sciences 20 (1963), 130-141, figure 4.
    """
    if points not in _POINTS:
        raise ConfigError(f"points = {points!r}: {near_names(str(points), _POINTS)}")
    if points != "values" and dim != TIME:
        raise ConfigError(f"extrema are looked for along 'time': along {dim!r} choose 'values'")
    chosen = along(dataset, variables, dim)
    chosen = committed(chosen) if dim == TIME else chosen
    if chosen.sizes[dim] < (2 if points == "values" else 3):
        raise ConfigError(
            f"there are {chosen.sizes[dim]} values along {dim!r} only: too few for pairs"
        )
    result = {}
    for name, array in chosen.data_vars.items():
        series = array
        if points != "values":
            series = _extrema(array, times(chosen), 1 if points == "maxima" else -1)
        axis = dim if points == "values" else "iterate"
        bare = series.drop_vars([n for n, c in series.coords.items() if axis in c.dims])
        attributes = {**array.attrs, "long_name": described(array, points)}
        after = {**attributes, "long_name": described(array, f"next of successive {points}")}
        renamed = bare.rename({axis: "iterate"}) if axis != "iterate" else bare
        last = renamed.sizes["iterate"]
        result[name] = renamed.isel(iterate=slice(0, max(last - 1, 0))).assign_attrs(attributes)
        result[f"{name}_next"] = renamed.isel(iterate=slice(1, None)).assign_attrs(after)
    return xr.Dataset(_of_one_length(result), attrs=chosen.attrs)


def _extrema(array: xr.DataArray, moments: np.ndarray, sign: int) -> xr.DataArray:
    series = array.transpose(TIME, ...)

    def find(block_times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, ...]:
        here = sign * values[1:-1]
        row, number = np.nonzero((here > sign * values[:-2]) & (here >= sign * values[2:]))
        return number, block_times[row + 1], _vertex(block_times, values, row + 1, number)

    found = search(find, [series], moments, beyond=2)
    return events_array(table(found.series, found.values[0], len(found.gaps)), series, "iterate")


def _vertex(
    moments: np.ndarray, values: np.ndarray, row: np.ndarray, series: np.ndarray
) -> np.ndarray:
    """Return the extreme value of the parabola through three rows."""
    low, mid, high = (values[row + k, series].astype(np.float64) for k in (-1, 0, 1))
    before, after = moments[row] - moments[row - 1], moments[row + 1] - moments[row]
    left, right = (mid - low) / before, (high - mid) / after
    bend = (right - left) / (before + after)
    slope = left + bend * before
    return mid - slope**2 / (4 * bend)


def _of_one_length(arrays: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    longest = max(array.sizes["iterate"] for array in arrays.values())
    return {
        name: array
        if array.sizes["iterate"] == longest
        else array.pad(iterate=(0, longest - array.sizes["iterate"]), constant_values=np.nan)
        for name, array in arrays.items()
    }
