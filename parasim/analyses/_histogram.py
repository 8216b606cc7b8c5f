"""Histograms and densities of values."""

from collections.abc import Iterable
from typing import Any

import dask
import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._blocks import apply, rows_of_blocks, spans, total
from parasim.analyses._metadata import described, inverse, unit_of
from parasim.analyses._time import TIME, Names, along_all, committed, whole_times


def histogram(
    dataset: xr.Dataset,
    *,
    bins: int = 50,
    edges: Iterable[float] | None = None,
    dims: str | Iterable[str] = TIME,
    density: bool = False,
    variables: Names = None,
) -> xr.Dataset:
    """Return how many values are in each bin, or the density of values.

    Bins are as in `numpy.histogram`: the lower edge belongs to a bin, the upper one does not but
    in the last. NaN and what is beyond the edges is in no bin. Counts are exact; chunks change
    nothing.

    Arguments:
        dataset: with variables along `time`; of numpy or of dask, then nothing but the last row is
            read yet if the edges are given, and else what there is once, for its range.
        bins: how many of equal width from the smallest to the largest value of each variable, the
            same for all series, if no edges are given.
        edges: of the bins, increasing, the same for all variables.
        dims: which values are counted together; along others there is a histogram for each.
        density: return the density, whose integral over the bins is 1, not counts.
        variables: which; all that have these dimensions if None.

    Returns:
        For each variable `x` its `x_count`, or `x_density` in one over the unit, along `x_bin`,
        the middles of the bins, whose edges are `x_bin_bounds`.

    Raises:
        ConfigError: there is no such variable or dimension, the edges do not increase, or no value
            is finite.
    """
    chosen, over = along_all(dataset, dims, variables)
    chosen = committed(chosen)
    borders = _given(edges) if edges is not None else None
    ranges = {} if borders is not None else _ranges(chosen, bins)
    result, coordinates = {}, {}
    for name, array in chosen.data_vars.items():
        own = borders if borders is not None else np.linspace(*ranges[name], bins + 1)
        axis = f"{name}_bin"
        count = _count(array, own, over, axis)
        quantity = "density" if density else "count"
        units, kind = "1", "number of values"
        if density:
            widths = xr.DataArray(np.diff(own), dims=axis)
            count = count / (count.sum(axis) * widths)
            units, kind = inverse(unit_of(array)), "density"
        attributes = {"long_name": described(array, kind), "units": units}
        result[f"{name}_{quantity}"] = count.assign_attrs(attributes)
        attributes = {**array.attrs, "units": unit_of(array), "bounds": f"{axis}_bounds"}
        coordinates[axis] = (axis, (own[1:] + own[:-1]) / 2, attributes)
        coordinates[f"{axis}_bounds"] = ((axis, "bound"), np.stack([own[:-1], own[1:]], axis=1))
    return xr.Dataset(result, attrs=chosen.attrs).assign_coords(coordinates)


def _count(
    array: xr.DataArray, edges: np.ndarray, over: tuple[str, ...], axis: str
) -> xr.DataArray:
    def counts(values: np.ndarray) -> np.ndarray:
        """Return the counts of each row of a block."""
        rows = values.reshape(-1, values.shape[-1])
        # What is in no bin counts in one more; NaN is sorted behind all edges.
        place = np.searchsorted(edges, rows, side="right") - 1
        place[rows == edges[-1]] = len(edges) - 2
        place[(place < 0) | (place >= len(edges) - 1)] = len(edges) - 1
        place += len(edges) * np.arange(len(rows))[:, None]
        table = np.bincount(place.ravel(), minlength=len(rows) * len(edges))
        return table.reshape(*values.shape[:-1], len(edges))[..., :-1]

    length = rows_of_blocks(array) if TIME in over else array.sizes[TIME]
    along_axis = TIME if TIME in over else over[0]
    parts = [
        apply(
            counts,
            array.isel({TIME: block}),
            dims=[along_axis],
            sizes={axis: len(edges) - 1},
            dtype=np.int64,
        )
        for block in spans(array.sizes[TIME], length)
    ]
    return total(parts).sum([d for d in over if d != along_axis])


def _given(edges: Iterable[float]) -> np.ndarray:
    borders = np.asarray(list(edges), dtype=np.float64)
    if borders.size < 2 or not (np.isfinite(borders).all() and (np.diff(borders) > 0).all()):
        raise ConfigError("edges must be two or more numbers that increase")
    return borders


def _ranges(dataset: xr.Dataset, bins: int) -> dict[Any, tuple[float, float]]:
    """Return the smallest and the largest finite value of each variable."""
    whole_times(bins, 10**7, "bins")
    finite = {name: array.where(np.isfinite(array)) for name, array in dataset.data_vars.items()}
    lowest, highest = dask.compute(
        {name: array.min() for name, array in finite.items()},
        {name: array.max() for name, array in finite.items()},
    )
    ranges = {name: (float(lowest[name]), float(highest[name])) for name in finite}
    for name, (low, high) in ranges.items():
        if np.isnan(low):
            raise ConfigError(f"no value of {name!r} is finite: there is nothing to count")
        if low == high:
            ranges[name] = (low - 0.5, high + 0.5)
    return ranges
