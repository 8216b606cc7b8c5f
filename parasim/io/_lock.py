"""One writer at a time: a note in the store that says who writes, and since when.

It ends with its owner: a process of this machine that is gone holds nothing. Whether one on
another machine is gone nobody here can know, so that its note stays until a person says so.
"""

import getpass
import json
import os
import socket
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Self

import psutil
from zarr.abc.store import Store

from parasim._errors import StoreError
from parasim.io._commits import LOCK_BYTES
from parasim.io._layout import RUN_GROUP
from parasim.io._objects import (
    read_object,
    remove_object,
    settle,
    write_absent_object,
    write_object,
)


@dataclass(frozen=True)
class Owner:
    """Who writes to a store.

    Attributes:
        host: the name of the machine.
        pid: of the process.
        started: when that process did, in seconds since 1970.
        user: who runs it.
        since: when it took the lock, ISO 8601.
        seen: when it last gave a sign of life, in seconds since 1970.
        token: tells it from all others.
    """

    host: str
    pid: int
    started: float
    user: str
    since: str
    seen: float
    token: str

    @classmethod
    def this_process(cls) -> Self:
        """Return this process as an owner."""
        return cls(
            host=socket.gethostname(),
            pid=os.getpid(),
            started=psutil.Process().create_time(),
            user=_user(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            seen=time.time(),
            token=uuid.uuid4().hex,
        )

    @property
    def is_gone(self) -> bool:
        """Whether it was a process of this machine that does not run any more."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            # One that was killed stays a zombie until somebody asks for its exit code.
            ended = process.status() == psutil.STATUS_ZOMBIE
            return ended or abs(process.create_time() - self.started) > 1
        except psutil.NoSuchProcess:
            return True

    def __str__(self) -> str:
        age = max(0.0, time.time() - self.seen)
        return (
            f"process {self.pid} of {self.user} on {self.host}, since {self.since} (last sign of "
            f"life {_duration(age)} ago)"
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return str(os.getuid())


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


class Lock:
    """The right to write to a store, or to one region of it, until it is released.

    In a `with` it is released at the end, unless it has been kept.

    Arguments:
        store: zarr's.
        name: of the store, for messages.
        region: 0 for the whole store; a region by its number plus one.
        force: take it from whoever has it.

    Raises:
        StoreError: somebody else has it.
    """

    def __init__(self, store: Store, name: str, *, region: int = 0, force: bool = False) -> None:
        self._store = store
        self._name = name
        self._key = lock_key(region)
        self._owner = Owner.this_process()
        self._kept = False
        self._take(force)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            self.release()

    def keep(self) -> None:
        """Hold it beyond the end of the `with`."""
        self._kept = True

    def release(self) -> None:
        """Give it back, if nobody has taken it meanwhile."""
        holder = read_owner(self._store, self._key)
        if holder is not None and holder.token == self._owner.token:
            remove_object(self._store, self._key)
            settle(self._store, "unlocked")

    def _take(self, force: bool) -> None:
        note = _written(self._owner)
        write_absent_object(self._store, self._key, note)
        holder = read_owner(self._store, self._key)
        if holder is None or (holder.token != self._owner.token and (force or holder.is_gone)):
            write_object(self._store, self._key, note)
            holder = read_owner(self._store, self._key)
        settle(self._store, "locked")
        if holder is not None and holder.token != self._owner.token:
            raise StoreError(
                f"{self._name} is being written by {holder}: wait until it is done; if you know "
                "that it is dead, --force-unlock (force_unlock=True)"
            )

    def renew(self) -> None:
        """Give a sign of life, which counts with what is committed next.

        Raises:
            StoreError: somebody has taken the lock meanwhile, so that nothing may be written.
        """
        holder = read_owner(self._store, self._key)
        if holder is None or holder.token != self._owner.token:
            raise StoreError(
                f"{self._name} was taken over by {holder or 'somebody'}: this run stops, and what "
                "it committed stays"
            )
        self._owner = replace(self._owner, seen=time.time())
        write_object(self._store, self._key, _written(self._owner))


def lock_key(region: int = 0) -> str:
    """Return the object that holds the lock of a store, or of a region by its number plus one."""
    return f"{RUN_GROUP}/lock/c/{region}/0"


def read_owner(store: Store, key: str) -> Owner | None:
    """Return who has a lock; None if nobody has, or if it cannot be read."""
    content = read_object(store, key)
    try:
        return Owner(**json.loads(content)) if content else None
    except (ValueError, TypeError):
        return None


def _written(owner: Owner) -> bytes:
    return json.dumps(asdict(owner)).encode().ljust(LOCK_BYTES)
