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

from parasim._errors import ConfigError, StoreError
from parasim.io._layout import Layout

_TIME = "time"

MARK = "parasim_store"  # the root attribute, the version of the layout, that makes a group ours


def store_path(path: Any) -> Path:
    """Return the path of a store on this machine.

    Raises:
        ConfigError: it is no path, or a URL.
    """
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str) or not text or "\0" in text:
        raise ConfigError(f"the store must be a path such as 'run.zarr', not {path!r}")
    if "://" in text:
        raise ConfigError(
            f"{text} is a URL, and stores are written to local files only: give a local path, and "
            "copy the store when the run is done"
        )
    return Path(text)


def check_target(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Refuse a path where no store can be made, before any work is done; writes nothing.

    Arguments:
        path: of the store to be.
        overwrite: whether an existing store may be replaced.

    Returns:
        The path.

    Raises:
        ConfigError: it is no path, or a URL.
        StoreError: something is in the way, or the place cannot be written.
    """
    target = store_path(path)
    parent = next(p for p in target.absolute().parents if os.path.lexists(p))
    if not parent.is_dir():
        raise StoreError(f"cannot write {target}: {parent} is a file; choose another path")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise StoreError(
            f"cannot write {target}: no permission to write in {parent}; choose another path"
        )
    if os.path.lexists(target):
        _check_existing(target, overwrite)
    return target


def _check_existing(target: Path, overwrite: bool) -> None:
    """Refuse an existing target that may not, or should never, be replaced."""
    if target.is_dir() and not any(target.iterdir()):
        return
    if not is_group(target):
        raise StoreError(
            f"{target} exists and is no zarr store, so it is never replaced: choose another path"
        )
    if not is_ours(target):
        raise StoreError(
            f"{target} was not written by parasim, so it is never replaced: choose another path"
        )
    if not overwrite:
        raise StoreError(
            f"{target} already exists: choose another path, or replace it with --overwrite "
            "(overwrite=True)"
        )


def is_group(path: Path) -> bool:
    """Whether there is a zarr 3 group at a path."""
    return _metadata(path).get("node_type") == "group"


def is_ours(path: Path) -> bool:
    """Whether the zarr 3 group at a path is a store that parasim wrote."""
    return MARK in (_metadata(path).get("attributes") or {})


def _metadata(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads((path / "zarr.json").read_text())
    except (OSError, ValueError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def create_store(
    path: str | os.PathLike[str],
    layout: Layout,
    attributes: Mapping[str, Any],
    *,
    overwrite: bool = False,
) -> zarr.Group:
    """Make the store with all its arrays, its time coordinate and consolidated metadata.

    Arguments:
        path: becomes the zarr group itself.
        layout: the arrays.
        attributes: of the root; JSON only. With `MARK` among them the store may be replaced later.
        overwrite: whether an existing store may be replaced.

    Returns:
        The group, whose growing arrays hold fill values only.

    Raises:
        StoreError: something is in the way, or the place cannot be written.
    """
    target = check_target(path, overwrite=overwrite)
    try:
        if target.is_symlink():
            target.unlink()
        elif target.exists():
            shutil.rmtree(target)
        group = zarr.create_group(target, attributes=dict(attributes))
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error}; choose another path") from error
    try:
        _create_arrays(group, layout)
        consolidate(group)
    except BaseException as error:
        shutil.rmtree(target)  # an array may be missing: nobody could read it
        if isinstance(error, OSError):
            raise StoreError(f"cannot write {target}: {error}; choose another path") from error
        raise
    return group


def _create_arrays(group: zarr.Group, layout: Layout) -> None:
    time = group.create_array(
        _TIME,
        shape=(layout.rows,),
        chunks=(layout.time_chunk,),
        dtype="float64",
        dimension_names=(_TIME,),
        fill_value=np.nan,
        attributes=dict(layout.time_attributes),
    )
    for f in layout.fields:
        group.create_array(
            f.name,
            shape=layout.full_shape(f),
            chunks=layout.chunk_shape(f),
            dtype=f.dtype,
            dimension_names=layout.dims(f),
            fill_value=f.fill_value,
            attributes=dict(f.attributes),
            # The last digits of a trajectory are noise: compression gains 4 % and costs 5 times
            # the CPU.
            compressors=None,
        )
    if layout.members is not None:
        member = group.create_array(
            "member", shape=(layout.members,), dtype="int64", dimension_names=("member",)
        )
        member[:] = np.arange(layout.members)
    for first, block in layout.time_blocks():
        time[first : first + len(block)] = block


def consolidate(group: zarr.Group) -> None:
    """Write the metadata of all arrays into the root, so that opening lists no directory."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(group.store)
