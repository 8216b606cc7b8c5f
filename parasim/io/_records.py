"""Reads what a store says about its windows."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from parasim._errors import StoreError, near_names
from parasim.io._create import is_group, is_ours

_STRUCTURED = ("configuration", "versions")


@dataclass(frozen=True)
class StoredWindows:
    """The windows of a store, as far as its run has come.

    Attributes:
        status: "running", "complete", "interrupted" or "failed".
        attributes: the other root attributes, those that are JSON decoded.
        time_unit: of the time coordinate.
        ends: the time at the end of each window.
        values: what the store says about windows, by name, shape (members, windows); without
            ensemble there is one member.
        reasons: what the numbers in `values["reason"]` mean.
    """

    status: str
    attributes: Mapping[str, Any]
    time_unit: str
    ends: np.ndarray
    values: Mapping[str, np.ndarray]
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ends)


def read_windows(path: str | os.PathLike[str]) -> StoredWindows:
    """Read the records of a store's windows; the trajectory itself is not read.

    Raises:
        StoreError: there is no store, or it is something else.
    """
    return stored_windows(open_store(Path(path)))


def stored_windows(dataset: xr.Dataset) -> StoredWindows:
    """Return the windows of a store that `open_store` has opened."""
    windows = dataset[[name for name in dataset.variables if "window" in dataset[name].dims]].load()
    ends = windows["window_time"].values
    count = int(np.isfinite(ends).sum())  # those of a run that goes on are not there yet
    return StoredWindows(
        status=dataset.attrs["status"],
        attributes=_decoded(dataset.attrs),
        time_unit=str(windows["window_time"].attrs["units"]),
        ends=ends[:count],
        values={
            str(name): np.atleast_2d(array.values)[:, :count]
            for name, array in windows.data_vars.items()
        },
        reasons=tuple(
            word.replace("_", " ") for word in windows["reason"].attrs["flag_meanings"].split()
        ),
    )


def open_store(path: Path) -> xr.Dataset:
    """Open a store without its time coordinate, or say why it is none of parasim's."""
    if not path.exists():
        raise StoreError(f"there is no store {path}: {_near(path)}")
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
    if "cost" not in dataset:
        raise StoreError(
            f"{path} was written by an older parasim, whose windows do not say what they cost: "
            "read it with xarray.open_zarr, or run its command again"
        )
    return dataset


def _near(path: Path) -> str:
    """Name stores beside a path where none is."""
    folder = path.parent
    beside = folder.iterdir() if folder.is_dir() else ()
    stores = [str(folder / p.name) for p in beside if is_ours(p)]
    return near_names(str(path), stores) if stores else "check the path"


def _decoded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.loads(value) if name in _STRUCTURED else value
        for name, value in attributes.items()
        if name != "status"
    }
