"""The rows of one array that do not fill their files yet."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import zarr

from parasim._errors import StoreError
from parasim.io._encoding import Encoding
from parasim.io._layout import Field
from parasim.io._pending_file import CopiedFile, GatheredFile, PendingFile
from parasim.io._plain_file import is_plain, write_plain

_WRITING = 2  # files of an array at once


class ChunkBuffer:
    """Collects the rows of one array, in one region of it, and writes them in whole files.

    Rewriting a file costs 10 to 100 times more than writing it once, so it is written when it is
    full, or when what is there shall count. While a full one is written the next one is filled.
    Rows that follow each other in the file are not copied.

    Arguments:
        array: zarr's.
        field: which it is.
        region: of the first axes.
        encoding: of the states.
        rows: how many are there already; those of the file that is not full are read back.
        pool: threads that write.
        written: called with the keys of files when they have been written.
    """

    def __init__(
        self,
        array: Any,
        field: Field,
        region: tuple[slice, ...],
        encoding: Encoding,
        rows: int,
        *,
        pool: ThreadPoolExecutor,
        written: Callable[[list[str]], None],
    ) -> None:
        self._array = array
        self._field = field
        self._region = region
        self._encoding = encoding
        self._pool = pool
        self._written = written
        self._axis = len(region)
        self._files: tuple[int, ...] = array.shards or array.chunks
        self._span = self._files[self._axis]
        block = [part.stop - part.start for part in region]
        self._shape = (*block, self._span, *array.shape[self._axis + 1 :])
        self._plain = is_plain(array, self._shape)
        self._first = rows // self._span * self._span
        self._file = self._new_file()
        self._writing: deque[tuple[Future[None], PendingFile]] = deque()
        if rows > self._first:
            self._file.add(np.asarray(array[self._stored(self._first, rows)]))
        self._dirty = False
        self._checked = False

    def append(self, rows: np.ndarray) -> None:
        """Add rows, which nobody changes any more; what is full is written in the background.

        Raises:
            Exception: what came up when the file before was written.
        """
        kept = self._encoding.rounded(rows) if self._field.along == "time" else rows
        taken, count = 0, kept.shape[self._axis]
        while taken < count:
            n = min(count - taken, self._span - self._file.filled)
            self._file.add(kept[self._along(taken, taken + n)])
            taken += n
            self._dirty = True
            if self._file.filled == self._span:
                writing = self._pool.submit(self._write, self._file, self._first)
                self._writing.append((writing, self._file))
                self._file = self._next_file()
                self._first += self._span
                self._dirty = False

    def flush(self) -> None:
        """Write everything, also the file that is not full.

        Raises:
            StoreError: the first time, if what is read back is something else.
            Exception: what else came up.
        """
        while self._writing:
            self._writing.popleft()[0].result()
        if self._dirty:
            self._write(self._file, self._first)
            self._dirty = False

    def _new_file(self) -> PendingFile:
        if self._plain and self._axis == 0:
            return GatheredFile(self._shape, self._array.dtype)
        return CopiedFile(self._shape, self._array.dtype, self._axis)

    def _next_file(self) -> PendingFile:
        """Return a new file, or one that has been written."""
        if len(self._writing) <= _WRITING:
            return self._new_file()
        writing, file = self._writing.popleft()
        writing.result()
        return file.emptied()

    def _write(self, file: PendingFile, first: int) -> None:
        """Write a file; rows that are still to come are fill values, so that it is whole."""
        stop = min(first + self._span, self._array.shape[self._axis])
        parts, where = file.parts(self._field.fill_value), self._stored(first, stop)
        keys = list(self._keys(first))
        if self._plain:
            write_plain(self._array, keys[0], parts)
        else:
            self._array[where] = parts[0][self._along(0, stop - first)]
        if not self._checked:
            kept = np.concatenate(parts, self._axis)[self._along(0, stop - first)]
            self._check(kept, np.asarray(self._array[where]))
        self._written(keys)

    def _check(self, written: np.ndarray, read: np.ndarray) -> None:
        """Refuse to go on with a chain of codecs that changes numbers."""
        if written.tobytes() != np.ascontiguousarray(read).tobytes():
            raise StoreError(
                f"what was written to {self._field.name} is not what is read back: use another "
                f"compression than {self._encoding.compression!r}, or another version of zarr than "
                f"{zarr.__version__}"
            )
        self._checked = True

    def _keys(self, first: int) -> Iterator[str]:
        parts = [
            range(part.start // file, -(-part.stop // file))
            for part, file in zip(self._region, self._files, strict=False)
        ]
        parts.append(range(first // self._span, first // self._span + 1))
        behind = zip(self._array.shape, self._files, strict=True)
        parts += [range(-(-n // file)) for n, file in list(behind)[self._axis + 1 :]]
        for index in itertools.product(*parts):
            yield f"{self._field.name}/{self._array.metadata.encode_chunk_key(index)}"

    def _along(self, start: int, stop: int) -> tuple[slice, ...]:
        return (*[slice(None)] * self._axis, slice(start, stop))

    def _stored(self, start: int, stop: int) -> tuple[slice, ...]:
        return (*self._region, slice(start, stop))
