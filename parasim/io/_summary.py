"""Says what is in a store that parasim wrote."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from parasim.io._objects import store_size
from parasim.io._reader import open_run
from parasim.io._records import StoredWindows, stored_windows


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
        median_predicted: what was predicted of those for which it was; NaN if there are none.
        cost: what the windows are reckoned to have taken, in sequential steps; of an ensemble that
            of the slowest members.
        wasted: how much of that pieces took that were slower than stepping.
        mean_growth_rate: of the windows in which it was measured; NaN if there are none.
        measured: how many windows these are.
        exponent: the running estimate of the largest Lyapunov exponent after the last window, the
            mean over members; NaN if growth was never measured.
        exponent_error: its standard error, infinite if growth was measured once.
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
    median_predicted: float
    cost: float
    wasted: float
    mean_growth_rate: float
    measured: int
    exponent: float
    exponent_error: float
    size: int


def summarise_store(path: str | os.PathLike[str]) -> StoreSummary:
    """Read what `parasim info` shows; the trajectory itself is not read.

    Raises:
        StoreError: there is nothing, or something else.
    """
    dataset = open_run(path, indexed=False)  # which would read the whole time coordinate
    return dataclasses.replace(summarise_dataset(dataset), size=store_size(path))


def summarise_dataset(dataset: xr.Dataset) -> StoreSummary:
    """Summarise what a store was opened as, or a run in memory; its size is that of all arrays."""
    windows = stored_windows(dataset)
    values = windows.values
    parallel = values["mode"] == 1
    growth = values["growth_rate"]
    measured = growth[np.isfinite(growth)]
    first = float(dataset["time"][:1].sum())
    return StoreSummary(
        status=windows.status,
        attributes=windows.attributes,
        variables={
            str(name): (dict(zip(map(str, v.dims), v.shape, strict=True)), v.attrs.get("units", ""))
            for name, v in dataset.data_vars.items()
            if "time" in v.dims
        },
        time_unit=windows.time_unit,
        first_time=first,
        last_time=float(windows.ends[-1]) if len(windows) else first,
        rows=dataset.sizes["time"],
        windows=len(windows),
        parallel=_count(parallel),
        fell_back=_count(values["fell_back"] == 1),
        reasons=_reasons(windows),
        median_iterations=_median(values["iterations"][parallel]),
        median_predicted=_median(values["predicted_iterations"][parallel]),
        cost=float(values["cost"].max(axis=0).sum()),
        wasted=float(values["wasted"].max(axis=0).sum()),
        mean_growth_rate=float(measured.mean()) if len(measured) else np.nan,
        measured=_count(np.isfinite(growth)),
        exponent=_last(values["exponent"]),
        exponent_error=_last(values["exponent_error"]),
        size=dataset.nbytes,
    )


def _count(flags: np.ndarray) -> int:
    """Count windows, those of an ensemble in which the flag of any member is set."""
    return int(flags.any(axis=0).sum())


def _reasons(windows: StoredWindows) -> dict[str, int]:
    numbers = windows.values["reason"][0]  # one decision for all members
    return {
        meaning: int((numbers == number).sum())
        for number, meaning in enumerate(windows.reasons)
        if (numbers == number).any()
    }


def _last(values: np.ndarray) -> float:
    """Return the value after the last window, the mean over members; NaN without windows."""
    return float(values[:, -1].mean()) if values.size else np.nan


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else np.nan
