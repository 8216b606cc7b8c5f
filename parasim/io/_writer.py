"""Writes rows to a store in whole chunks, in the background."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import zarr

from parasim._errors import StoreError
from parasim.io._create import consolidate
from parasim.io._layout import Field, Layout

Rows = Mapping[str, np.ndarray]


class _ChunkBuffer:
    """The rows of one array that do not fill a span of chunks yet.

    Rewriting a chunk costs 10 to 100 times more than writing it once, so it is written when it is
    full, or when a reader should see progress.
    """

    def __init__(self, array: Any, axis: int, fill_value: Any) -> None:
        self._array = array
        self._axis = axis
        self._span = array.chunks[axis]
        self._fill_value = fill_value
        shape = list(array.shape)
        shape[axis] = self._span
        self._rows = np.full(shape, fill_value, dtype=array.dtype)
        self._first = 0
        self._filled = 0
        self._dirty = False

    def append(self, rows: np.ndarray) -> None:
        taken = 0
        count = rows.shape[self._axis]
        while taken < count:
            n = min(count - taken, self._span - self._filled)
            into = self._along(self._filled, self._filled + n)
            self._rows[into] = rows[self._along(taken, taken + n)]
            taken += n
            self._filled += n
            self._dirty = True
            if self._filled == self._span:
                self.flush()
                self._first += self._span
                self._filled = 0
                self._rows[...] = self._fill_value

    def flush(self) -> None:
        if not self._dirty:
            return
        # The rows that are still to come are written as fill values, so that the chunk is whole.
        stop = min(self._first + self._span, self._array.shape[self._axis])
        self._array[self._along(self._first, stop)] = self._rows[self._along(0, stop - self._first)]
        self._dirty = False

    def _along(self, start: int, stop: int) -> tuple[slice, ...]:
        return (*[slice(None)] * self._axis, slice(start, stop))


class StoreWriter:
    """Streams rows into a store's arrays from one background thread; use it in a `with`.

    What is put is kept until it is written, without a copy if it is read-only, as jax's arrays
    are. More than `queue_bytes` of waiting rows make `put` wait. An error of the
    thread is raised by the next `put` or by the end of the `with`; the thread goes on to take rows
    away, so that nobody waits for ever.

    The end of the `with` writes what waits, cuts the arrays to the rows that were put, and sets the
    attribute `status`: "complete", "interrupted" after Ctrl-C, or "failed" after another exception.

    Arguments:
        group: made by `create_store` with the same layout.
        layout: the arrays.
        queue_bytes: how much may wait to be written.
        flush_seconds: after how long rows are shown to readers although their chunk is not full.
    """

    def __init__(
        self,
        group: zarr.Group,
        layout: Layout,
        *,
        queue_bytes: int = 2**26,
        flush_seconds: float = 2.0,
    ) -> None:
        self._group = group
        self._layout = layout
        self._fields: dict[str, Field] = {f.name: f for f in layout.fields}
        self._buffers = {
            f.name: _ChunkBuffer(_array(group, f), int(layout.has_member_axis(f)), f.fill_value)
            for f in layout.fields
        }
        self._put = dict.fromkeys(self._fields, 0)
        self._attributes: dict[str, Any] = {}
        self._queue_bytes = queue_bytes
        self._flush_seconds = flush_seconds
        self._queue: deque[Rows] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="parasim-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, traceback
        self._stop()
        if error is None:
            self._raise_error()
            self._finish({"status": "complete"})
        elif self._error is None:  # else the store cannot be written anyway
            interrupted = isinstance(error, KeyboardInterrupt)
            self._finish({"status": "interrupted" if interrupted else "failed"})

    def put(self, rows: Rows) -> None:
        """Append rows to some of the arrays.

        Arguments:
            rows: by name of the array; the axis that grows, after `member` if there is one, may
                have any length.

        Raises:
            StoreError: rows that were put earlier could not be written.
        """
        owned = {name: _owned(block) for name, block in rows.items()}
        size = sum(block.nbytes for block in owned.values())
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._error is not None
                    or self._waiting_bytes == 0
                    or self._waiting_bytes + size <= self._queue_bytes
                )
            )
            self._raise_error()
            self._queue.append(owned)
            self._waiting_bytes += size
            self._changed.notify_all()
        for name, block in owned.items():
            self._put[name] += block.shape[int(self._layout.has_member_axis(self._fields[name]))]

    def annotate(self, **attributes: Any) -> None:
        """Set root attributes when the store is closed.

        Arguments:
            attributes: JSON only.
        """
        self._attributes.update(attributes)

    def _finish(self, attributes: Mapping[str, Any]) -> None:
        try:
            self._trim()
            self._group.attrs.update({**self._attributes, **attributes})
            consolidate(self._group)
        except OSError as error:
            raise self._store_error(error) from error

    def _stop(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _trim(self) -> None:
        rows = {"time": self._layout.rows, "window": self._layout.windows}
        for name, count in self._put.items():
            along = self._fields[name].along
            rows[along] = min(rows[along], count)
        if rows["time"] < self._layout.rows:
            self._group["time"].resize((rows["time"],))  # type: ignore[union-attr]
        for f in self._layout.fields:
            if rows[f.along] < self._layout.length(f):
                shape = list(self._layout.full_shape(f))
                shape[int(self._layout.has_member_axis(f))] = rows[f.along]
                self._group[f.name].resize(tuple(shape))  # type: ignore[union-attr]

    def _work(self) -> None:
        flushed = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: bool(self._queue) or self._closing, timeout=self._flush_seconds
                )
                rows = self._queue.popleft() if self._queue else None
                finished = rows is None and self._closing
            try:
                due = finished or time.monotonic() - flushed > self._flush_seconds
                self._write(rows, flush=due)
                if due:
                    flushed = time.monotonic()
            except BaseException as error:  # raised again by put or __exit__
                self._error = self._error or error
            with self._changed:
                if rows is not None:
                    self._waiting_bytes -= sum(block.nbytes for block in rows.values())
                self._changed.notify_all()
            if finished:
                return

    def _write(self, rows: Rows | None, *, flush: bool) -> None:
        if self._error is not None:
            return
        for name, block in (rows or {}).items():
            self._buffers[name].append(block)
        if flush:
            for buffer in self._buffers.values():
                buffer.flush()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._store_error(self._error) from self._error

    def _store_error(self, error: BaseException) -> StoreError:
        return StoreError(
            f"writing {self._group.store} failed: {error}; the store holds what was written "
            "before: make room or choose another place, and run again"
        )


def _owned(block: np.ndarray) -> np.ndarray:
    """Copy an array that its owner may change, or that keeps a much larger one in memory."""
    held = block.base.nbytes if isinstance(block.base, np.ndarray) else block.nbytes
    return block.copy() if block.flags.writeable or held > 2 * block.nbytes else block


def _array(group: zarr.Group, f: Field) -> Any:
    """Open an array so that a chunk of NaN is written, as any other."""
    with zarr.config.set({"array.write_empty_chunks": True}):
        return group[f.name]
