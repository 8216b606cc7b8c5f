"""The objects of a store, local or remote: single keys, each written whole or not at all.

zarr's stores are asynchronous; this is the one place that waits for them.
"""

import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from zarr.abc.store import Store
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import FsspecStore, LocalStore

from parasim._errors import ConfigError, StoreError, first_line

Place = Path | str
"""Where a store is: a path on this machine, or the URL of one elsewhere."""


def store_place(path: Any) -> Place:
    """Return the place of a store.

    Arguments:
        path: a path, or a URL that fsspec knows, such as `s3://bucket/run.zarr`.

    Raises:
        ConfigError: it is neither.
    """
    try:
        text = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str) or not text or "\0" in text:
        raise ConfigError(f"the store must be a path such as 'run.zarr', not {path!r}")
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    return text.rstrip("/") if "://" in text else Path(text)


def is_remote(place: Place) -> bool:
    """Whether a place is a URL."""
    return isinstance(place, str)


def open_objects(place: Place, *, read_only: bool = False) -> Store:
    """Return zarr's store at a place, whether or not there is anything.

    Raises:
        StoreError: no installed package can open the URL.
    """
    if isinstance(place, Path):
        return LocalStore(place.absolute(), read_only=read_only)
    try:
        return FsspecStore.from_url(place, read_only=read_only)
    except (ImportError, ValueError) as error:
        raise StoreError(
            f"cannot open {place}: {first_line(error)}; install what fsspec needs for it, such as "
            "s3fs for s3:// (pip install 'parasim[s3]')"
        ) from error


def read_object(store: Store, key: str) -> bytes | None:
    """Return what is at a key; None if there is nothing."""
    found = sync(store.get(key, prototype=default_buffer_prototype()))
    return None if found is None else found.to_bytes()


def write_object(store: Store, key: str, content: bytes) -> None:
    """Write a key, in place of what is there."""
    sync(store.set(key, default_buffer_prototype().buffer.from_bytes(content)))


def write_absent_object(store: Store, key: str, content: bytes) -> None:
    """Write a key unless there is something; read it to see whose it is."""
    sync(store.set_if_not_exists(key, default_buffer_prototype().buffer.from_bytes(content)))


def remove_object(store: Store, key: str) -> None:
    """Remove a key, if it is there."""
    sync(store.delete(key))


def object_names(store: Store, prefix: str = "") -> list[str]:
    """Return the names of what is directly below a prefix."""
    return sync(_collected(store.list_dir(prefix)))


def remove_below(store: Store, names: Iterable[str]) -> None:
    """Remove keys, and all keys below them."""
    for name in names:
        keys = sync(_collected(store.list_prefix(f"{name}/")))
        if keys:
            sync(store.delete_dir(name))
        else:
            sync(store.delete(name))


def store_size(path: Any) -> int:
    """Return the bytes of all objects of a store."""
    return sync(open_objects(store_place(path), read_only=True).getsize_prefix(""))


async def _collected(items: AsyncIterator[str]) -> list[str]:
    return [item async for item in items]
