"""Stores in icechunk repositories, where what was written counts once it has been committed.

Every commit of a run becomes one of icechunk's, so that a reader sees all of it or nothing, and
earlier states of a store stay in the repository's history.
"""

import atexit
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from zarr.abc.store import Store
from zarr.storage import MemoryStore, WrapperStore

from parasim._errors import StoreError, first_line

_LOCAL, _S3 = "icechunk://", "icechunk+s3://"
_BRANCH = "main"
_LAST_MOMENTS = 0.1  # seconds


def is_repository(place: object) -> bool:
    """Whether a place is the URL of an icechunk repository."""
    return isinstance(place, str) and place.startswith((_LOCAL, _S3))


def has_one_writer(place: object) -> bool:
    """Whether only one process at a time may commit to a place: a repository of local files."""
    return isinstance(place, str) and place.startswith(_LOCAL)


class Repository(WrapperStore[Store]):
    """The newest state of a repository as a store of zarr's, with changes until they are settled.

    Arguments:
        repository: icechunk's.
        name: of the store, for messages.
    """

    def __init__(self, repository: Any, name: str) -> None:
        self._repository = repository
        self._name = name
        self._session = repository.writable_session(_BRANCH)
        super().__init__(self._session.store)

    @property
    def supports_consolidated_metadata(self) -> bool:
        """No: a repository has all metadata in one place anyway."""
        return False

    def settle(self, message: str) -> None:
        """Commit what has been changed, beside what others have committed meanwhile.

        Raises:
            StoreError: somebody else has changed the same, or it cannot be written.
        """
        import icechunk

        if not self._session.has_uncommitted_changes:
            return
        try:
            self._session.commit(message, rebase_with=icechunk.ConflictDetector())
        except (icechunk.ConflictError, icechunk.RebaseFailedError) as error:
            raise StoreError(
                f"{self._name} was taken over by somebody: this run stops, and what it committed "
                "stays"
            ) from error
        except icechunk.IcechunkError as error:
            raise StoreError(f"cannot write {self._name}: {first_line(error)}") from error
        self._session = self._repository.writable_session(_BRANCH)
        self._store = self._session.store


def open_repository(place: str, *, read_only: bool) -> Store:
    """Return zarr's store at the URL of a repository, which is made if it shall be written.

    Arguments:
        place: `icechunk://path` or `icechunk+s3://bucket/prefix`.
        read_only: whether the newest state is only to be read; nothing, where there is none.

    Raises:
        StoreError: icechunk is not installed, or there is something else.
    """
    try:
        import icechunk
    except ImportError as error:
        raise StoreError(f"{place} needs icechunk: pip install 'parasim[icechunk]'") from error
    _prepare()
    nothing = MemoryStore(read_only=True)
    if read_only and place.startswith(_LOCAL) and not _folder(place).exists():
        return nothing  # icechunk would make the folder
    try:
        storage = _storage(place)
        exists = icechunk.Repository.exists(storage)
        if read_only:
            if not exists:
                return nothing
            repository = icechunk.Repository.open(storage)
            return repository.readonly_session(_BRANCH).store
        _check_free(place, exists)
        return Repository(icechunk.Repository.open_or_create(storage), place)
    except icechunk.IcechunkError as error:
        raise StoreError(f"cannot open {place}: {first_line(error)}") from error


@cache  # once per process
def _prepare() -> None:
    import icechunk

    # It warns on standard error of what is refused here, and of conflicts that are raised.
    icechunk.set_logs_filter("error")
    # Its threads let go of Python's objects a little after their work is done, which before
    # Python 3.14 aborts an interpreter that is just ending (PyO3/pyo3-async-runtimes#40).
    atexit.register(time.sleep, _LAST_MOMENTS)


def _storage(place: str) -> Any:
    """Return icechunk's storage; credentials and address of S3 come from the environment."""
    import icechunk

    if place.startswith(_LOCAL):
        return icechunk.local_filesystem_storage(str(_folder(place)))
    bucket, _, prefix = place.removeprefix(_S3).partition("/")
    return icechunk.s3_storage(bucket=bucket, prefix=prefix or None, from_env=True)


def _folder(place: str) -> Path:
    return Path(place.removeprefix(_LOCAL)).absolute()


def _check_free(place: str, exists: bool) -> None:
    """Refuse to make a repository among other files."""
    if exists or not place.startswith(_LOCAL):
        return
    folder = _folder(place)
    if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise StoreError(f"{folder} exists and is no icechunk repository: choose another path")
