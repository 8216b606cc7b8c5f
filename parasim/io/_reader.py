"""Opens a store as a dataset that holds what has been committed, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from parasim._errors import StoreError, first_line, near_names
from parasim.io._commits import Commit, Commits
from parasim.io._create import open_group
from parasim.io._layout import RUN_GROUP, divided
from parasim.io._lock import lock_key, read_owner
from parasim.io._objects import Place, open_objects, store_place
from parasim.io._order import in_order
from parasim.io._root import MARK, STORE_VERSION, is_ours, root_metadata

_MOST_INDEXED = 10**7


def open_run(path: Any, *, indexed: bool | None = None) -> xr.Dataset:
    """Open a store, cut to what has been committed; all else is as of `parasim.open`."""
    place = store_place(path)
    check_store(place)
    objects = open_objects(place, read_only=True)
    try:
        group = open_group(objects)
        # The arrays that a store being made lacks are not missed: nothing has been committed.
        commits = Commits(group[RUN_GROUP], str(place)).read_all()  # type: ignore[arg-type]
        rows = group["time"].shape[0]  # type: ignore[union-attr]
        indexed = rows <= _MOST_INDEXED if indexed is None else indexed
        dataset = xr.open_zarr(
            objects, chunks=None, decode_timedelta=False, create_default_indexes=indexed
        )
    except KeyError as error:
        raise StoreError(f"{place} is being made, or that was interrupted: run it again") from error
    except (OSError, ValueError) as error:  # whatever zarr or a codec makes of damaged files
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{place} cannot be read as a store: {first_line(error)}") from error
    dataset = _committed(_in_files(dataset, group), group, commits)
    return in_order(dataset).assign_attrs(status=_status(dataset.attrs["status"], objects))


def check_store(place: Place) -> None:
    """Refuse what is no store of parasim's, or of another version of it.

    Raises:
        StoreError: the message says what it is.
    """
    root = root_metadata(place)
    if isinstance(place, Path) and not place.exists():
        raise StoreError(f"there is no store {place}: {_near(place)}")
    if root.get("node_type") != "group":
        raise StoreError(f"{place} is no zarr store: name what `parasim run --out` wrote")
    version = (root.get("attributes") or {}).get(MARK)
    if version is None:
        raise StoreError(
            f"{place} was not written by parasim: open it with xarray.open_zarr({str(place)!r})"
        )
    if version != STORE_VERSION:
        newer = isinstance(version, int) and version > STORE_VERSION
        raise StoreError(
            f"{place} was written by {'a newer' if newer else 'an older'} parasim, in version "
            f"{version} of the layout, and this one knows version {STORE_VERSION}: "
            + ("pip install --upgrade parasim, or " if newer else "run its command again, or ")
            + "read it with xarray.open_zarr"
        )


def _near(path: Path) -> str:
    """Name stores beside a path where none is."""
    folder = path.parent
    beside = folder.iterdir() if folder.is_dir() else ()
    stores = [str(folder / p.name) for p in beside if is_ours(p)]
    return near_names(str(path), stores) if stores else "check the path"


def _status(stored: str, objects: Any) -> str:
    """Return the status; "running" only where somebody may really do so."""
    if stored != "running":
        return stored
    owner = read_owner(objects, lock_key())
    return "interrupted" if owner is None or owner.is_gone else "running"


def _in_files(dataset: xr.Dataset, group: zarr.Group) -> xr.Dataset:
    """Chunk variables as the files are: chunks within files would be read several at a time."""
    chunked = {}
    for name, variable in dataset.variables.items():
        array: Any = group[str(name)]
        if name not in dataset.indexes:
            files = array.shards or array.chunks
            chunked[name] = variable.chunk(dict(zip(variable.dims, files, strict=True)))
    coordinates = {name: v for name, v in chunked.items() if name in dataset.coords}
    return dataset.assign(
        {name: v for name, v in chunked.items() if name in dataset.data_vars}
    ).assign_coords(xr.Coordinates(coordinates, indexes={}))


def _committed(dataset: xr.Dataset, group: zarr.Group, commits: list[Commit]) -> xr.Dataset:
    """Cut a dataset to what is there, and hide what is not there everywhere."""
    rows = [commit.rows for commit in commits]
    windows = [commit.windows for commit in commits]
    cut = dataset.isel(time=slice(max(rows)), window=slice(max(windows)))
    for dim, counts in (("time", rows), ("window", windows)):
        if len(set(counts)) > 1:
            cut = _hidden(cut, group, dim, counts)
    return cut


def region_slices(group: zarr.Group) -> list[tuple[slice, ...]]:
    """Return the regions of a store, as `Layout.regions` does."""
    about: Any = group[RUN_GROUP].attrs
    sizes = _sizes(group)
    return divided([sizes[axis] for axis in about["axes"]], about["block"])


def _sizes(group: zarr.Group) -> dict[str, int]:
    """Return the lengths of all dimensions."""
    arrays = [array for _, array in group.arrays()]
    return {
        dim: n
        for array in arrays
        for dim, n in zip(array.metadata.dimension_names, array.shape, strict=True)  # type: ignore[union-attr]
    }


def _hidden(dataset: xr.Dataset, group: zarr.Group, dim: str, counts: list[int]) -> xr.Dataset:
    """Put fill values where a region has no rows yet."""
    about: Any = group[RUN_GROUP].attrs
    axes: list[str] = about["axes"]
    there = np.zeros([dataset.sizes[axis] for axis in axes], int)
    for region, count in zip(region_slices(group), counts, strict=True):
        there[region] = count
    index = xr.DataArray(np.arange(dataset.sizes[dim]), dims=dim)
    present = index < xr.DataArray(there, dims=axes)
    hidden = {}
    for name, array in dataset.data_vars.items():
        if dim in array.dims and axes[0] in array.dims:
            shown = array.where(present, group[str(name)].fill_value)  # type: ignore[union-attr]
            hidden[name] = shown.transpose(*array.dims).assign_attrs(array.attrs)
    return dataset.assign(hidden)
