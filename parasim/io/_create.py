"""Makes a store: one zarr group with every array preallocated, so that it opens at any time."""

import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.abc.store import Store
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from parasim._errors import StoreError
from parasim.io._commits import create_commits, create_lock
from parasim.io._disk_sync import sync_tree
from parasim.io._encoding import Encoding
from parasim.io._layout import RUN_GROUP, Layout
from parasim.io._objects import (
    Place,
    object_names,
    open_objects,
    remove_below,
    settle,
    write_object,
)
from parasim.io._root import BEING_MADE, MARK, ROOT, STORE_VERSION, is_group

_TIME = "time"


def begin_store(place: Place) -> Store:
    """Make an empty group where there is none, so that there is something to lock.

    Raises:
        StoreError: the place cannot be written.
    """
    try:
        if isinstance(place, Path) and place.is_symlink():
            place.unlink()
        store = open_objects(place)
        if not is_group(place):
            for key, content in _nothing_but_a_lock().items():
                write_object(store, key, content)
            settle(store, "begun")
    except OSError as error:
        raise _cannot_write(place, error) from error
    return store


def fill_store(
    place: Place,
    store: Store,
    layout: Layout,
    attributes: Mapping[str, Any],
    checkpoint_bytes: int,
) -> None:
    """Give a store, whose lock is held, all its arrays, coordinates and consolidated metadata.

    The root, which names all arrays, is written last: whoever opens the store before sees one
    without variables, whose status is "being made".

    Arguments:
        place: of the store.
        store: zarr's; what it holds is removed.
        layout: the arrays.
        attributes: of the root; JSON only.
        checkpoint_bytes: the size of what a run is continued from.

    Raises:
        StoreError: it cannot be written; nothing of it is left.
    """
    objects: dict[str, Buffer] = {}
    _create_arrays(MemoryStore(objects), layout, attributes, checkpoint_bytes)
    root = objects.pop(ROOT).to_bytes()
    try:
        try:
            _clear(store)
            for key, content in objects.items():
                write_object(store, key, content.to_bytes())
            write_times(store, layout)
            write_object(store, ROOT, root)
            settle(store, "made")
            if isinstance(place, Path):
                sync_tree(place)
        except BaseException:
            _remove(place, store)  # of no use to anybody
            raise
    except OSError as error:
        raise _cannot_write(place, error) from error


def _cannot_write(place: Place, error: OSError) -> StoreError:
    return StoreError(f"cannot write {place}: {error}; choose another path")


def _remove(place: Place, store: Store) -> None:
    if isinstance(place, Path):
        shutil.rmtree(place)
    else:
        remove_below(store, object_names(store))


def _clear(store: Store) -> None:
    """Remove what a store holds but its lock; first the root, for the readers' sake."""
    write_object(store, ROOT, _nothing_but_a_lock()[ROOT])
    remove_below(store, [name for name in object_names(store) if name not in (ROOT, RUN_GROUP)])
    own = [name for name in object_names(store, RUN_GROUP) if name not in (ROOT, "lock")]
    remove_below(store, [f"{RUN_GROUP}/{name}" for name in own])


def _nothing_but_a_lock() -> dict[str, bytes]:
    """Return the metadata of a group without variables, and then of what holds its lock."""
    objects: dict[str, Buffer] = {}
    attributes = {MARK: STORE_VERSION, "status": BEING_MADE}
    group = zarr.create_group(MemoryStore(objects), attributes=attributes)
    consolidate(group)
    create_lock(group.create_group(RUN_GROUP), 0)
    return {key: content.to_bytes() for key, content in objects.items()}


def _create_arrays(
    store: Store, layout: Layout, attributes: Mapping[str, Any], checkpoint_bytes: int
) -> None:
    """Write metadata and what is small."""
    marked = {**attributes, MARK: STORE_VERSION, "status": "running"}
    group = zarr.create_group(store, attributes=marked)
    codecs = Encoding().codecs

    def coordinate(name: str, dim: str, length: int, dtype: Any, chunk: int, **more: Any) -> Any:
        return group.create_array(
            name,
            shape=(length,),
            chunks=(max(1, min(length, chunk)),),
            dtype=dtype,
            dimension_names=(dim,),
            compressors=codecs,
            config={"write_empty_chunks": True},  # a chunk of zeros is no less a part of the store
            **more,
        )

    time, chunk = layout.time_attributes, layout.time_chunk
    coordinate(_TIME, _TIME, layout.rows, "float64", chunk, fill_value=np.nan, attributes=time)
    ends = layout.window_attributes
    written = coordinate(
        "window_time", "window", layout.windows, "float64", chunk, fill_value=np.nan,
        attributes=ends,
    )  # fmt: skip
    written[:] = layout.window_ends
    for c in layout.coordinates:
        length, kind = len(c.values), c.values.dtype
        array = coordinate(c.name, c.axis, length, kind, length, attributes=dict(c.attributes))
        array[:] = c.values
    for f in layout.fields:
        grid = layout.chunk_grid(f)
        group.create_array(
            f.name,
            shape=layout.full_shape(f),
            chunks=grid.chunks,
            shards=grid.shards,
            dtype=f.dtype,
            dimension_names=layout.dims(f),
            fill_value=f.fill_value,
            attributes=dict(f.attributes),
            compressors=layout.encoding.codecs if f.along == "time" else codecs,
        )
    about = {
        "axes": list(layout.axes),
        "block": list(layout.block),
        "fields": [f.name for f in layout.fields],
    }
    own = group.create_group(RUN_GROUP, attributes=about)
    create_commits(own, len(layout.regions), checkpoint_bytes)
    consolidate(group)


def write_times(store: Store, layout: Layout) -> None:
    """Write the time coordinate."""
    time: Any = zarr.open_array(store, path=_TIME, mode="r+")
    for first, block in layout.time_blocks():
        time[first : first + len(block)] = block


def consolidate(group: zarr.Group) -> None:
    """Write the metadata of all arrays into the root, so that opening lists no directory."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(group.store)


def open_group(store: Store) -> zarr.Group:
    """Open a store that was made; changes of its attributes are written at once, whole."""
    mode = "r" if store.read_only else "r+"
    return zarr.open_group(store, mode=mode, use_consolidated=store.supports_consolidated_metadata)
