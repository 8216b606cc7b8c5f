"""Whether a store can be made at a place; writes nothing."""

import os
from pathlib import Path
from typing import Any

from parasim._errors import StoreError
from parasim.io._objects import Place, store_place
from parasim.io._root import is_half_made, is_ours, objects_below, root_metadata


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
