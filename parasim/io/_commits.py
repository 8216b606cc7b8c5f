"""How far a run is: for each region of a store a commit, and a checkpoint to go on from.

Both are arrays in a group of their own inside the store, so that plain zarr takes no offence, on
any kind of store. A commit is one object, which is replaced whole, after everything that it speaks
of has been written; checkpoints alternate between two places.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import zarr
from zarr.codecs import Crc32cCodec

from parasim._errors import StoreError
from parasim.io._objects import settle

_COMMIT_BYTES = 512
LOCK_BYTES = 1024


@dataclass(frozen=True)
class Commit:
    """How far a region is, and from where it can be continued.

    Attributes:
        rows: how many saved states there are.
        windows: how many windows there are.
        state: "running", "complete" or "failed".
        step: the number of steps before the checkpoint; -1 if there is no checkpoint.
        checkpoint_rows: how many of the saved states were made by then.
        checkpoint_windows: how many of the windows were.
        slot: which of the two places the checkpoint is in.
        digest: of the checkpoint, SHA-256.
    """

    rows: int = 0
    windows: int = 0
    state: Literal["running", "complete", "failed"] = "running"
    step: int = -1
    checkpoint_rows: int = 0
    checkpoint_windows: int = 0
    slot: int = 0
    digest: str = ""


@dataclass(frozen=True, eq=False)
class Start:
    """From where a region is to be continued.

    Attributes:
        commit: how far it is.
        checkpoint: the state of the run there; None if it is to begin at the beginning.
        windows: what is stored about the windows before, by name of the array.
    """

    commit: Commit
    checkpoint: bytes | None
    windows: Mapping[str, np.ndarray]


def create_commits(group: zarr.Group, regions: int, checkpoint_bytes: int) -> None:
    """Make the arrays of commits, checkpoints and locks.

    Arguments:
        group: their own, in the store.
        regions: of the store.
        checkpoint_bytes: the size of a checkpoint.
    """

    def array(name: str, shape: tuple[int, ...]) -> None:
        chunks = (*[1] * (len(shape) - 1), max(1, shape[-1]))
        codecs = [Crc32cCodec()]
        group.create_array(name, shape=shape, chunks=chunks, dtype="uint8", compressors=codecs)

    array("commit", (regions, _COMMIT_BYTES))
    array("checkpoint", (regions, 2, checkpoint_bytes))
    create_lock(group, regions)


def create_lock(group: zarr.Group, regions: int) -> None:
    """Make the array of locks: of the store, and of each region."""
    group.create_array(
        "lock",
        shape=(regions + 1, LOCK_BYTES),
        chunks=(1, LOCK_BYTES),
        dtype="uint8",
        compressors=None,
    )


class Commits:
    """Reads and writes the commits and checkpoints of a store.

    Arguments:
        group: the group that `create_commits` filled.
        name: of the store, for messages.
    """

    def __init__(self, group: zarr.Group, name: str) -> None:
        self._commits: Any = group["commit"]
        self._checkpoints: Any = group["checkpoint"]
        self._name = name

    @property
    def regions(self) -> int:
        """How many regions the store has."""
        return self._commits.shape[0]

    def read(self, region: int) -> Commit:
        """Return how far a region is.

        Raises:
            StoreError: the record is damaged.
        """
        try:
            content = self._commits[region].tobytes().rstrip(b"\0 ")
            return Commit(**json.loads(content)) if content else Commit()
        except (ValueError, TypeError) as error:  # the checksum, JSON, or names in it
            raise StoreError(
                f"{self._name} is damaged: what it says about its progress cannot be read "
                f"({error}); `parasim resume --repair` computes that part again"
            ) from error

    def read_all(self) -> list[Commit]:
        """Return how far every region is."""
        return [self.read(region) for region in range(self.regions)]

    def write(self, region: int, commit: Commit) -> None:
        """Replace the commit of a region."""
        content = json.dumps(dataclasses.asdict(commit)).encode().ljust(_COMMIT_BYTES)
        self._commits[region] = np.frombuffer(content, np.uint8)
        settle(self._commits.store, f"part {region}: {commit.rows} rows, {commit.state}")

    def write_checkpoint(self, region: int, slot: int, checkpoint: bytes) -> str:
        """Write a checkpoint; return its digest, which a commit refers to."""
        self._checkpoints[region, slot] = np.frombuffer(checkpoint, np.uint8)
        return hashlib.sha256(checkpoint).hexdigest()

    def read_checkpoint(self, region: int, commit: Commit) -> bytes:
        """Return the checkpoint of a commit.

        Raises:
            StoreError: it is damaged.
        """
        try:
            content = self._checkpoints[region, commit.slot].tobytes()
        except ValueError:
            content = b""
        if hashlib.sha256(content).hexdigest() != commit.digest:
            raise StoreError(
                f"{self._name} is damaged: the state to go on from cannot be read; "
                "`parasim resume --repair` computes that part again"
            )
        return content

    def keys(self, region: int, slot: int) -> tuple[str, str]:
        """Return the objects of the store that hold a checkpoint and the commit."""
        path = self._commits.path.rpartition("/")[0]
        return f"{path}/checkpoint/c/{region}/{slot}/0", f"{path}/commit/c/{region}/0"
