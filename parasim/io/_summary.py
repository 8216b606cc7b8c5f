"""Says what is in a store that parasim wrote."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from parasim._errors import StoreError
from parasim.io._create import is_group, is_ours


@dataclass(frozen=True)
class StoreSummary:
    """What a store holds, whatever its run has come to.

    Attributes:
        status: "running", "complete", "interrupted" or "failed".
        attributes: the other root attributes, those that are JSON decoded.
        variables: shape, by dimension, and unit of each array along time, by name.
        time_unit: of the time coordinate.
        first_time, last_time: what is there; the last is the end of the last window.
        rows: the length of the time coordinate.
        windows: how many there are.
        parallel: how many of them Newton's method delivered.
        fell_back: how many of them it was tried on without success.
        reasons: how many windows there are for each reason, by its meaning.
        median_iterations: of the parallel windows; NaN if there are none.
        mean_growth_rate: of the windows in which it was measured; NaN if there are none.
        measured: how many windows these are.
        size: of the files, in bytes.
    """

    status: str
    attributes: Mapping[str, Any]
    variables: Mapping[str, tuple[Mapping[str, int], str]]
    time_unit: str
    first_time: float
    last_time: float
    rows: int
    windows: int
    parallel: int
    fell_back: int
    reasons: Mapping[str, int]
    median_iterations: float
    mean_growth_rate: float
    measured: int
    size: int


def summarise_store(path: str | os.PathLike[str]) -> StoreSummary:
    """Read what `parasim info` shows; the trajectory itself is not read.

    Raises:
        StoreError: there is nothing, or something else.
    """
    path = Path(path)
    dataset = _open(path)
    # xarray would read the whole time coordinate for an index.
    time: Any = zarr.open_group(path, mode="r")["time"]
    windows = dataset[[name for name in dataset.variables if "window" in dataset[name].dims]].load()
    ends = windows["window_time"].values
    ends = ends[np.isfinite(ends)]
    windows = windows.isel(window=slice(len(ends)))
    parallel = windows["mode"].values == 1
    growth = windows["growth_rate"].values
    measured = growth[np.isfinite(growth)]
    first = float(time[0])
    return StoreSummary(
        status=dataset.attrs["status"],
        attributes=_decoded(dataset.attrs),
        variables={
            str(name): (dict(zip(map(str, v.dims), v.shape, strict=True)), v.attrs.get("units", ""))
            for name, v in dataset.data_vars.items()
            if "time" in v.dims
        },
        time_unit=str(time.attrs["units"]),
        first_time=first,
        last_time=float(ends[-1]) if len(ends) else first,
        rows=dataset.sizes["time"],
        windows=len(ends),
        parallel=_count(parallel),
        fell_back=_count(windows["fell_back"].values == 1),
        reasons=_reasons(windows["reason"]),
        median_iterations=(
            float(np.median(windows["iterations"].values[parallel])) if parallel.any() else np.nan
        ),
        mean_growth_rate=float(measured.mean()) if len(measured) else np.nan,
        measured=_count(np.isfinite(growth)),
        size=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
    )


def _open(path: Path) -> xr.Dataset:
    """Open a store without its time coordinate, or say why it is none of parasim's."""
    if not path.exists():
        raise StoreError(f"there is no store {path}: check the path")
    if not is_group(path):
        raise StoreError(f"{path} is no zarr store: name what `parasim run --out` wrote")
    try:
        dataset = xr.open_zarr(path, drop_variables=["time"])
    except Exception as error:  # whatever zarr or a codec makes of foreign files
        raise StoreError(f"{path} cannot be read as a store: {error}") from error
    if not is_ours(path):
        raise StoreError(
            f"{path} was not written by parasim: open it with xarray.open_zarr({str(path)!r})"
        )
    return dataset


def _count(flags: np.ndarray) -> int:
    """Count windows, those of an ensemble in which the flag of any member is set."""
    return int(np.atleast_2d(flags).any(axis=0).sum())


def _reasons(reason: xr.DataArray) -> dict[str, int]:
    meanings = str(reason.attrs["flag_meanings"]).split()
    values = np.atleast_2d(reason.values)[0]  # one decision for all members
    return {
        meaning.replace("_", " "): int((values == number).sum())
        for number, meaning in enumerate(meanings)
        if (values == number).any()
    }


def _decoded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.loads(value) if name in ("configuration", "versions") else value
        for name, value in attributes.items()
        if name != "status"
    }
