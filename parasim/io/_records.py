"""Reads what a store says about its windows."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from parasim.io._order import ATTRIBUTE as VARIABLES
from parasim.io._reader import open_run

_STRUCTURED = (
    "configuration",
    "request",
    "versions",
    "plugins",
    "components",
    "git",
    "environment",
    VARIABLES,
)


@dataclass(frozen=True)
class StoredWindows:
    """The windows of a store, as far as its run has come.

    Attributes:
        status: "running", "complete", "interrupted" or "failed".
        attributes: the other root attributes, those that are JSON decoded.
        time_unit: of the time coordinate.
        ends: the time at the end of each window.
        values: what the store says about windows, by name, shape (runs, windows); those
            of an ensemble or a sweep follow each other. Where a run has failed, or is not there
            yet, stand the values of another one.
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
    return stored_windows(open_run(path, indexed=False))


def stored_windows(dataset: xr.Dataset) -> StoredWindows:
    """Return the windows of a run's dataset."""
    names = [name for name in dataset.variables if "window" in dataset[name].dims]
    windows = dataset[names].drop_vars("time", errors="ignore").load()
    count = windows.sizes["window"]
    return StoredWindows(
        status=dataset.attrs["status"],
        attributes={k: v for k, v in decoded(dataset.attrs).items() if k != "status"},
        time_unit=str(windows["window_time"].attrs["units"]),
        ends=windows["window_time"].values,
        values=_filled(
            {
                str(name): array.values.reshape(math.prod(array.shape[:-1]), count)
                for name, array in windows.data_vars.items()
            }
        ),
        reasons=tuple(
            word.replace("_", " ") for word in windows["reason"].attrs["flag_meanings"].split()
        ),
    )


def _filled(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Put the values of another run where nothing is said about one."""
    there = values["reason"] >= 0
    if there.all():
        return values
    another = np.argmax(there, axis=0)
    windows = np.arange(there.shape[1])
    return {name: np.where(there, v, v[another, windows]) for name, v in values.items()}


def decoded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the root attributes of a store as they were before some became JSON in a string."""
    return {
        name: json.loads(value) if name in _STRUCTURED else value
        for name, value in attributes.items()
    }
