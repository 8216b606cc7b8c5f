"""Has this machine write files to its disk, while others are still being written."""

import os
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import zarr
from zarr.storage import LocalStore

_AT_ONCE = 4


class DiskSync:
    """Syncs the files of a store in the background; object stores do that themselves.

    Arguments:
        group: of the store.
    """

    def __init__(self, group: zarr.Group) -> None:
        self._root = group.store.root if isinstance(group.store, LocalStore) else None
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="parasim-sync")
        self._begun: dict[Path, Future[None]] = {}
        self._changing = threading.Lock()

    def begin(self, keys: Iterable[str]) -> None:
        """Begin with the files of some keys."""
        if self._root is not None:
            for path in {self._root / key for key in keys}:
                with self._changing:
                    self._begun[path] = self._pool.submit(_sync, path)

    def finish(self) -> None:
        """Wait until all that was begun is on the disk, under its name.

        Raises:
            OSError: the disk could not.
        """
        with self._changing:
            begun, self._begun = self._begun, {}
        for future in begun.values():
            future.result()
        list(self._pool.map(_sync_folder, {path.parent for path in begun}))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


def sync_tree(folder: Path) -> None:
    """Have everything in a folder written to the disk."""
    for path in folder.rglob("*"):
        (_sync_folder if path.is_dir() else _sync)(path)
    _sync_folder(folder)
    _sync_folder(folder.absolute().parent)


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):  # replaced meanwhile, and synced by the one who did that
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system has folders that can be synced
        _sync(folder)
