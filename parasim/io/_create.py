"""Makes a store: one zarr group with every array preallocated, so that it opens at any time."""

import json
import os
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

from parasim._errors import StoreError, first_line
from parasim.io._commits import create_commits, create_lock
from parasim.io._disk_sync import sync_tree
from parasim.io._encoding import Encoding
from parasim.io._layout import RUN_GROUP, Layout
from parasim.io._objects import (
    Place,
    object_names,
    open_objects,
    read_object,
    remove_below,
    settle,
    store_place,
    write_object,
)

_TIME = "time"
_ROOT = "zarr.json"
_BEING_MADE = "being made"

MARK = "parasim_store"  # the root attribute, the version of the layout, that makes a group ours
STORE_VERSION = 2


def check_target(path: Any, *, overwrite: bool = False) -> Place:
    """Refuse a place where no store can be made, before any work is done; writes nothing.

    Arguments:
        path: of the store to be, or its URL.
        overwrite: whether an existing store may be replaced.

    Returns:
        The place.

    Raises:
        ConfigError: it is no path.
        StoreError: something is in the way, or the place cannot be written.
    """
    place = store_place(path)
    if isinstance(place, str):
        _check_existing(place, overwrite)
        return place
    _check_name(place)
    parent = next(p for p in place.absolute().parents if os.path.lexists(p))
    if not parent.is_dir():
        raise StoreError(f"cannot write {place}: {parent} is a file; choose another path")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise StoreError(
            f"cannot write {place}: no permission to write in {parent}; choose another path"
        )
    if os.path.lexists(place) and not _is_empty(place):
        _check_existing(place, overwrite)
    return place


def _check_name(place: Path) -> None:
    """Refuse a name that the file system does not take, also with what is added to it meanwhile."""
    try:
        os.lstat(place.with_name(place.name + _ADDED))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        name = f"{str(place)[:40]}..." if len(str(place)) > 43 else str(place)
        reason = (error.strerror or "no such name").lower()
        raise StoreError(f"cannot write {name}: {reason}; choose another path") from error


# While a store is made or replaced its folder has a name that is so much longer.
_ADDED = "." * 32


def _is_empty(place: Path) -> bool:
    """Whether there is a folder with nothing in it but what a kill at the very first write left."""
    return place.is_dir() and all(
        path.name.startswith("zarr.") and path.name.endswith(".partial") for path in place.iterdir()
    )


def _check_existing(place: Place, overwrite: bool) -> None:
    """Refuse an existing target that may not, or should never, be replaced."""
    there = root_metadata(place)
    if there.get("node_type") != "group":
        if isinstance(place, str) and not objects_below(place):
            return
        raise StoreError(
            f"{place} exists and is no zarr store, so it is never replaced: choose another path"
        )
    if not is_ours(place):
        raise StoreError(
            f"{place} was not written by parasim, so it is never replaced: choose another path"
        )
    if not overwrite and not is_half_made(place):
        raise StoreError(
            f"{place} already exists: choose another path, replace it with --overwrite "
            "(overwrite=True), or go on with it by `parasim resume` (resume=True)"
        )


def objects_below(place: Place) -> list[str]:
    """Return the names of what is directly in a place."""
    try:
        return object_names(open_objects(place, read_only=True))
    except OSError as error:
        raise StoreError(f"cannot read {place}: {first_line(error)}") from error


def is_group(place: Place) -> bool:
    """Whether there is a zarr 3 group at a place."""
    return root_metadata(place).get("node_type") == "group"


def is_ours(place: Place) -> bool:
    """Whether the zarr 3 group at a place is a store that parasim wrote."""
    return MARK in (root_metadata(place).get("attributes") or {})


def is_half_made(place: Place) -> bool:
    """Whether the making of a store was begun and not finished, so that nothing is in it."""
    return (root_metadata(place).get("attributes") or {}).get("status") == _BEING_MADE


def root_metadata(place: Place) -> dict[str, Any]:
    """Return what is in the root's file; nothing if there is none."""
    if isinstance(place, Path) and not (place / _ROOT).is_file():
        return {}
    try:
        content = read_object(open_objects(place, read_only=True), _ROOT)
        metadata = json.loads(content or b"{}")
    except StoreError:
        raise
    except (OSError, ValueError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


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
    root = objects.pop(_ROOT).to_bytes()
    try:
        try:
            _clear(store)
            for key, content in objects.items():
                write_object(store, key, content.to_bytes())
            write_times(store, layout)
            write_object(store, _ROOT, root)
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
    write_object(store, _ROOT, _nothing_but_a_lock()[_ROOT])
    remove_below(store, [name for name in object_names(store) if name not in (_ROOT, RUN_GROUP)])
    own = [name for name in object_names(store, RUN_GROUP) if name not in (_ROOT, "lock")]
    remove_below(store, [f"{RUN_GROUP}/{name}" for name in own])


def _nothing_but_a_lock() -> dict[str, bytes]:
    """Return the metadata of a group without variables, and then of what holds its lock."""
    objects: dict[str, Buffer] = {}
    attributes = {MARK: STORE_VERSION, "status": _BEING_MADE}
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
