"""Recurrence: when a state comes back near to where it was."""

import math
from collections.abc import Iterable

import numpy as np
import xarray as xr
from scipy.spatial.distance import cdist

from parasim._errors import ConfigError, near_names
from parasim.analyses._blocks import spans, whole
from parasim.analyses._metadata import unit_of
from parasim.analyses._time import TIME, Names, along, as_names, committed, whole_times

_LARGEST = 2**30  # bytes
_BLOCK = 2**22  # pairs of states
_METRICS = {"euclidean": "euclidean", "maximum": "chebyshev"}
_UNKNOWN = -1


def recurrence(
    dataset: xr.Dataset,
    *,
    radius: float,
    every: int = 1,
    metric: str = "euclidean",
    dims: str | Iterable[str] = (),
    variables: Names = None,
) -> xr.Dataset:
    """Return which states are near to each other, and how many pairs are.

        R_ij = 1 where |x_i - x_j| <= radius, else 0;   rate = sum_(i != j) R_ij / n (n - 1)

    Chunks change nothing.

    Arguments:
        dataset: with variables along `time`; of numpy or of dask, then nothing but the last row is
            read yet.
        radius: how near is near; in the unit of the variables, which are taken as they are.
        every: take each so many-th row.
        metric: "euclidean", or "maximum", the largest difference in any variable.
        dims: the dimensions of a state, such as "site". Along others, such as "member", there is a
            matrix for each value.
        variables: those that make a state; all along `time` if None.

    Returns:
        `recurrence`, along `time` and `other_time`: 1, 0, or -1 where a state has a NaN; and
        `recurrence_rate`, NaN where a state has one.

    Raises:
        ConfigError: there is no such variable or dimension, it is not clear what a state is, or the
            matrices would take more than 1 GiB.

    Source: Eckmann, Kamphorst and Ruelle, Europhysics Letters 4 (1987), 973-977.
    """
    if metric not in _METRICS:
        raise ConfigError(f"metric = {metric!r}: {near_names(str(metric), _METRICS)}")
    if not (np.isfinite(radius) and radius > 0):
        raise ConfigError(f"the radius must be a positive number, not {radius!r}")
    chosen = committed(along(dataset, variables))
    whole_times(every, chosen.sizes[TIME], "every")
    points = _points(chosen.isel({TIME: slice(None, None, every)}), as_names(dims))
    _check_size(points, every)
    matrix = _matrix(points, radius, _METRICS[metric])
    count = points.sizes[TIME]
    if count < 2:
        raise ConfigError("there is one state only: this analysis needs a series")
    pairs = (matrix == 1).sum((TIME, "other_time")) - count
    rate = (pairs / (count * (count - 1))).where((matrix != _UNKNOWN).all((TIME, "other_time")))
    return xr.Dataset(
        {
            "recurrence": matrix.assign_attrs(
                long_name=f"whether states are within {radius:g} {_unit(chosen)}".rstrip(),
                units="1",
                flag_values=np.array([_UNKNOWN, 0, 1], np.int8),
                flag_meanings="unknown no yes",
            ),
            "recurrence_rate": rate.assign_attrs(
                long_name="share of pairs of states that are near", units="1"
            ),
        },
        attrs=chosen.attrs,
    )


def _unit(dataset: xr.Dataset) -> str:
    unit = unit_of(next(iter(dataset.data_vars.values())))
    return "" if unit == "1" else unit


def _points(dataset: xr.Dataset, dims: tuple[str, ...]) -> xr.DataArray:
    """Return the states, shape (..., time, component)."""
    others = [str(d) for d in dataset.dims if d not in (TIME, "member")]
    for dim in dims:
        if dim not in dataset.dims or dim == TIME:
            raise ConfigError(f"there is no dimension {dim!r}: {near_names(dim, others)}")
    if others and not dims:
        raise ConfigError(
            f"say which of the dimensions {', '.join(others)} a state has, such as "
            f"dims={others[0]!r}; choose one value of the others, or get a matrix for each"
        )
    parts = []
    for array in dataset.data_vars.values():
        own = [d for d in dims if d in array.dims]
        flat = array.astype(np.float64).transpose(..., TIME, *own)
        if own:
            parts.append(flat.stack(component=own, create_index=False))
        else:
            parts.append(flat.expand_dims("component", -1))
    bare = [p.drop_vars([n for n, c in p.coords.items() if "component" in c.dims]) for p in parts]
    outer = {d: dataset.sizes[d] for p in bare for d in p.dims if d not in (TIME, "component")}
    same = [p.expand_dims({d: n for d, n in outer.items() if d not in p.dims}) for p in bare]
    return xr.concat(same, "component", join="exact").transpose(*outer, TIME, "component")


def _check_size(points: xr.DataArray, every: int) -> None:
    count = points.sizes[TIME]
    series = points.size // (count * points.sizes["component"])
    size = series * count**2
    if size > _LARGEST:
        enough = every * math.ceil(math.sqrt(size / _LARGEST))
        each = f"{series} matrices" if series > 1 else "the matrix"
        raise ConfigError(
            f"{each} of {count:,} x {count:,} states would take {size / 2**30:,.0f} GiB: choose a "
            f"shorter time, or every={enough}"
        )


def _matrix(points: xr.DataArray, radius: float, metric: str) -> xr.DataArray:
    count = points.sizes[TIME]

    def near(some: np.ndarray, every: np.ndarray) -> np.ndarray:
        outer, width = some.shape[:-2], some.shape[-1]
        pairs = zip(
            some.reshape(-1, some.shape[-2], width), every.reshape(-1, count, width), strict=True
        )
        distances = np.stack([cdist(a, b, metric) for a, b in pairs])  # pyright: ignore[reportCallIssue, reportArgumentType]
        known = np.where(np.isnan(distances), _UNKNOWN, distances <= radius)
        return known.astype(np.int8).reshape(*outer, some.shape[-2], count)

    everything = whole(points, TIME, "component").rename({TIME: "other_time"})
    parts: list[xr.DataArray] = []
    for block in spans(count, max(1, _BLOCK // count)):
        some = whole(points.isel({TIME: block}), TIME, "component")
        part = xr.apply_ufunc(
            near,
            some,
            everything,
            input_core_dims=[[TIME, "component"], ["other_time", "component"]],
            output_core_dims=[[TIME, "other_time"]],
            dask="parallelized",
            output_dtypes=[np.int8],
        )
        parts.append(part)
    matrix: xr.DataArray = xr.concat(parts, TIME)
    return matrix
