"""The objects of a store, local or remote: single keys, each written whole or not at all.

zarr's stores are asynchronous; this is the one place that waits for them.
"""

import os
from collections.abc import AsyncIterator, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

from zarr.abc.store import Store
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import FsspecStore, LocalStore

from parasim._errors import ConfigError, StoreError, first_line
from parasim.io._icechunk import Repository, is_repository, open_repository

_Result = TypeVar("_Result")

Place = Path | str
"""Where a store is: a path on this machine, or the URL of one elsewhere."""


def store_place(path: Any) -> Place:
    """Return the place of a store.

    Arguments:
        path: a path, or a URL: one that fsspec knows, such as `s3://bucket/run.zarr`, or that of
            an icechunk repository, `icechunk://path` or `icechunk+s3://bucket/prefix`.

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


def open_objects(place: Place, *, read_only: bool = False) -> Store:
    """Return zarr's store at a place, whether or not there is anything.

    Raises:
        StoreError: no installed package can open the URL.
    """
    if isinstance(place, Path):
        return LocalStore(place.absolute(), read_only=read_only)
    if is_repository(place):
        return open_repository(place, read_only=read_only)
    try:
        return FsspecStore.from_url(place, read_only=read_only)
    except (ImportError, ValueError) as error:
        raise StoreError(
            f"cannot open {place}: {first_line(error)}; install what fsspec needs for it, such as "
            "s3fs for s3:// (pip install 'parasim[s3]')"
        ) from error


def settle(store: Store, message: str) -> None:
    """Have what was written count, in a store that keeps changes back until then.

    Arguments:
        store: zarr's.
        message: for the store's history.

    Raises:
        StoreError: somebody else has changed the same.
    """
    if isinstance(store, Repository):
        store.settle(message)


def read_object(store: Store, key: str) -> bytes | None:
    """Return what is at a key; None if there is nothing."""
    found = _waited(store, store.get(key, prototype=default_buffer_prototype()))
    return None if found is None else found.to_bytes()


def write_object(store: Store, key: str, content: bytes) -> None:
    """Write a key, in place of what is there."""
    _waited(store, store.set(key, default_buffer_prototype().buffer.from_bytes(content)))


def write_absent_object(store: Store, key: str, content: bytes) -> None:
    """Write a key unless there is something; read it to see whose it is."""
    buffer = default_buffer_prototype().buffer.from_bytes(content)
    _waited(store, store.set_if_not_exists(key, buffer))


def remove_object(store: Store, key: str) -> None:
    """Remove a key, if it is there."""
    _waited(store, store.delete(key))


def object_names(store: Store, prefix: str = "") -> list[str]:
    """Return the names of what is directly below a prefix."""
    return _waited(store, _collected(store.list_dir(prefix)))


def object_exists(store: Store, key: str) -> bool:
    """Whether there is something at a key."""
    return _waited(store, store.exists(key))


def remove_below(store: Store, names: Iterable[str]) -> None:
    """Remove keys, and all keys below them."""
    for name in names:
        keys = _waited(store, _collected(store.list_prefix(f"{name}/")))
        _waited(store, store.delete_dir(name) if keys else store.delete(name))


def store_size(path: Any) -> int:
    """Return the bytes of all objects of a store."""
    store = open_objects(store_place(path), read_only=True)
    return _waited(store, store.getsize_prefix(""))


def _waited(store: Store, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Wait for what a store does; errors are OSErrors."""
    try:
        return sync(work)
    except OSError:
        raise
    except Exception as error:  # every remote file system has errors of its own
        raise StoreError(
            f"cannot reach {store} ({first_line(error)}): check the address, the credentials and "
            "the network"
        ) from error


async def _collected(items: AsyncIterator[str]) -> list[str]:
    return [item async for item in items]
