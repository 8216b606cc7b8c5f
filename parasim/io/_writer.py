"""Writes the rows of a region in the background, and commits them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import numpy as np
import zarr

from parasim._errors import NotFiniteError, StoreError
from parasim.io._chunk_buffer import ChunkBuffer
from parasim.io._commits import Commit, Commits
from parasim.io._disk_sync import DiskSync
from parasim.io._layout import Field, Layout

Rows = Mapping[str, np.ndarray]

_WRITING = 4  # files at once
_LEAST_SHARE = 50  # a commit must not take more than one part in so many of the time


@dataclass(frozen=True, eq=False)
class Mark:
    """A place in a run from which it can be continued.

    Attributes:
        step: the number of steps made.
        checkpoint: returns all that is needed to go on from there.
    """

    step: int
    checkpoint: Callable[[], bytes]


@dataclass(frozen=True, eq=False)
class _Parcel:
    """What one `put` brought: rows, and the mark behind them."""

    rows: Rows
    mark: Mark | None

    @property
    def nbytes(self) -> int:
        return sum(block.nbytes for block in self.rows.values())


class RegionWriter:
    """Streams rows into one region of a store from a background thread; use it in a `with`.

    What is put is kept until it is written, without a copy if it is read-only, as jax's arrays
    are. More than `queue_bytes` of waiting rows make `put` wait. An error of the thread is raised
    by the next `put` or by the end of the `with`; the thread goes on to take rows away, so that
    nobody waits for ever.

    Files are written when they are full. Every `commit_seconds`, and at the end of the `with`,
    those that are not are written too, and then the commit: what it speaks of is there, and on the
    disk of this machine even if the power fails.

    Arguments:
        group: the store.
        layout: its arrays.
        commits: its commits.
        region: its number.
        renew: called before each commit; raises if the store is somebody else's by now.
        commit: how far the region is.
        queue_bytes: how much may wait to be written.
        commit_seconds: the time between two commits, if they take little of it.
    """

    def __init__(
        self,
        group: zarr.Group,
        layout: Layout,
        commits: Commits,
        region: int = 0,
        *,
        renew: Callable[[], None] = lambda: None,
        commit: Commit | None = None,
        queue_bytes: int = 2**26,
        commit_seconds: float = 2.0,
    ) -> None:
        self._layout = layout
        self._commits = commits
        self._region = region
        self._renew = renew
        self._commit = commit or Commit()
        self._disk = DiskSync(group)
        self._pool = ThreadPoolExecutor(_WRITING, thread_name_prefix="parasim-write")
        self._fields: dict[str, Field] = {f.name: f for f in layout.fields}
        place = layout.regions[region]
        there = {"time": self._commit.checkpoint_rows, "window": self._commit.checkpoint_windows}
        self._buffers = {
            f.name: ChunkBuffer(
                _array(group, f),
                f,
                place,
                layout.encoding,
                there[f.along],
                pool=self._pool,
                written=self._disk.begin,
            )
            for f in layout.fields
        }
        self._written = dict(there)
        self._mark: Mark | None = None  # the last one, and what had been written by then
        self._marked = dict(there)
        self._queue_bytes = queue_bytes
        self._commit_seconds = commit_seconds
        self._queue: deque[_Parcel] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="parasim-writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, traceback
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if self._error is None:
            states = {type(None): "complete", NotFiniteError: "failed"}
            self._try_to_commit(states.get(type(error), "running"))
        self._pool.shutdown()
        self._disk.close()
        if error is None:
            self._raise_error()

    def put(self, rows: Rows, mark: Mark | None = None) -> None:
        """Append rows to some of the arrays.

        Arguments:
            rows: by name of the array; the axis that grows, after those of the region, may have
                any length.
            mark: from which the run can go on behind these rows.

        Raises:
            StoreError: rows that were put earlier could not be written.
        """
        parcel = _Parcel({name: _owned(block) for name, block in rows.items()}, mark)
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._error is not None
                    or self._waiting_bytes == 0
                    or self._waiting_bytes + parcel.nbytes <= self._queue_bytes
                )
            )
            self._raise_error()
            self._queue.append(parcel)
            self._waiting_bytes += parcel.nbytes
            self._changed.notify_all()

    def _work(self) -> None:
        committed, pause = time.monotonic(), self._commit_seconds
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue) or self._closing, timeout=pause)
                parcel = self._queue.popleft() if self._queue else None
                if parcel is None and self._closing:
                    return
            if parcel is not None:
                self._try_to_write(parcel)
            began = time.monotonic()
            if self._error is None and began - committed > pause:
                self._try_to_commit("running")
                committed = time.monotonic()
                pause = max(self._commit_seconds, _LEAST_SHARE * (committed - began))
            with self._changed:
                if parcel is not None:
                    self._waiting_bytes -= parcel.nbytes
                self._changed.notify_all()

    def _try_to_write(self, parcel: _Parcel) -> None:
        """Hand rows to the buffers, unless an error has come before."""
        if self._error is not None:
            return
        try:
            for name, block in parcel.rows.items():
                self._buffers[name].append(block)
                field, axis = self._fields[name], self._layout.row_axis
                if name in self._leading:
                    self._written[field.along] += block.shape[axis]
        except BaseException as error:  # raised again by put or __exit__
            self._error = error
            return
        if parcel.mark is not None:
            self._mark, self._marked = parcel.mark, dict(self._written)

    @property
    def _leading(self) -> set[str]:
        """The names of the first arrays along `time` and `window`, by which rows are counted."""
        first = {f.along: f.name for f in reversed(self._layout.fields)}
        return set(first.values())

    def _try_to_commit(self, state: Any) -> None:
        try:
            self._commit_all(state)
        except BaseException as error:
            self._error = error

    def _commit_all(self, state: Any) -> None:
        """Write everything that was put, then the checkpoint, then the commit."""
        nothing_new = self._mark is None and self._written["time"] == self._commit.rows
        if nothing_new and state == self._commit.state:
            return
        self._renew()
        for buffer in self._buffers.values():
            buffer.flush()
        self._disk.finish()
        # Where a run goes on from before what is there, that stays visible.
        rows = max(self._commit.rows, self._written["time"])
        windows = max(self._commit.windows, self._written["window"])
        commit = replace(self._commit, rows=rows, windows=windows, state=state)
        if self._mark is not None:
            slot = 1 - commit.slot
            checkpoint = self._mark.checkpoint()
            commit = replace(
                commit,
                step=self._mark.step,
                checkpoint_rows=self._marked["time"],
                checkpoint_windows=self._marked["window"],
                slot=slot,
                digest=self._commits.write_checkpoint(self._region, slot, checkpoint),
            )
            self._mark = None
        checkpoint_key, commit_key = self._commits.keys(self._region, commit.slot)
        self._disk.begin([checkpoint_key])
        self._disk.finish()
        self._commits.write(self._region, commit)
        self._disk.begin([commit_key])
        self._disk.finish()
        self._commit = commit

    def _raise_error(self) -> None:
        if isinstance(self._error, StoreError):
            raise self._error
        if self._error is not None:
            raise StoreError(
                f"writing the store failed: {self._error}; it holds what was committed before: "
                "make room, then go on with `parasim resume` (resume=True)"
            ) from self._error


def _owned(block: np.ndarray) -> np.ndarray:
    """Copy an array that its owner may change, or that keeps a much larger one in memory."""
    held = block.base.nbytes if isinstance(block.base, np.ndarray) else block.nbytes
    return block.copy() if block.flags.writeable or held > 2 * block.nbytes else block


def _array(group: zarr.Group, f: Field) -> Any:
    """Open an array so that a chunk of NaN is written, as any other."""
    with zarr.config.set({"array.write_empty_chunks": True}):
        return group[f.name]
