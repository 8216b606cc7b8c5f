"""Runs as datasets with the accessor `dataset.parasim`, which loads analyses when it is used."""

from typing import TYPE_CHECKING, Any

import xarray as xr

from parasim.io._objects import store_place
from parasim.io._reader import open_run
from parasim.plugins._registry import make

if TYPE_CHECKING:
    from parasim.analyses._accessor import ParasimAccessor


def accessor(dataset: xr.Dataset) -> "ParasimAccessor":
    """Return the analyses of a dataset as methods."""
    from parasim.analyses._accessor import ParasimAccessor

    return ParasimAccessor(dataset)


xr.register_dataset_accessor("parasim")(accessor)  # type: ignore[arg-type]


def open_dataset(path: Any, *, indexed: bool | None = None, sink: str | None = None) -> xr.Dataset:
    """Open a store of parasim's, also while its run goes on: only complete windows are shown.

    Arguments:
        path: of the store, or its URL.
        indexed: whether times can be selected by value, as in `dataset.sel(time=10.0)`, for which
            all of them are read; by default if there are no more than ten million.
        sink: the name of what wrote it, if that was not parasim's zarr store.

    Returns:
        The dataset, backed by dask, one file of the store per chunk. Where the runs of a sweep
        have not come equally far, NaN (-1 for integers) stands for what is not there yet. The
        attribute `status` is "running", "complete", "failed" or "interrupted". `dataset.parasim`
        has the analyses.

    Raises:
        ConfigError: it is no path.
        StoreError: there is no store, or it is something else, or it is damaged.
        PluginError: there is no such sink, or it cannot be used.
    """
    if sink is not None and sink != "zarr":
        return make("sinks", sink).read(str(store_place(path)))
    return open_run(path, indexed=indexed)
