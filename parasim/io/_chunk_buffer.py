"""The rows of one array that do not fill their files yet."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import zarr

from parasim._errors import StoreError
from parasim.io._encoding import Encoding
from parasim.io._layout import Field


class ChunkBuffer:
    """Collects the rows of one array, in one region of it, and writes them in whole files.

    Rewriting a file costs 10 to 100 times more than writing it once, so it is written when it is
    full, or when what is there shall count.

    Arguments:
        array: zarr's.
        field: which it is.
        region: of the first axes.
        encoding: of the states.
        rows: how many are there already; those of the file that is not full are read back.
    """

    def __init__(
        self, array: Any, field: Field, region: tuple[slice, ...], encoding: Encoding, rows: int
    ) -> None:
        self._array = array
        self._field = field
        self._region = region
        self._encoding = encoding
        self._axis = len(region)
        self._files: tuple[int, ...] = array.shards or array.chunks
        self._span = self._files[self._axis]
        self._first = rows // self._span * self._span
        self._filled = rows - self._first
        block = [part.stop - part.start for part in region]
        shape = (*block, self._span, *array.shape[self._axis + 1 :])
        self._rows = np.empty(shape, dtype=array.dtype)
        if self._filled:
            self._rows[self._along(0, self._filled)] = array[self._stored(self._first, rows)]
        self._dirty = False
        self._checked = False

    def append(self, rows: np.ndarray) -> list[str]:
        """Add rows; return the keys of the files that they filled."""
        kept = self._encoding.rounded(rows) if self._field.along == "time" else rows
        taken, written = 0, []
        count = kept.shape[self._axis]
        while taken < count:
            n = min(count - taken, self._span - self._filled)
            into = self._along(self._filled, self._filled + n)
            self._rows[into] = kept[self._along(taken, taken + n)]
            taken += n
            self._filled += n
            self._dirty = True
            if self._filled == self._span:
                written += self.flush()
                self._first += self._span
                self._filled = 0
        return written

    def flush(self) -> list[str]:
        """Write the file that is not full, if it has changed; return the keys written.

        Raises:
            StoreError: the first time, if what is read back is something else.
        """
        if not self._dirty:
            return []
        # The rows that are still to come are written as fill values, so that the file is whole.
        self._rows[self._along(self._filled, self._span)] = self._field.fill_value
        stop = min(self._first + self._span, self._array.shape[self._axis])
        rows = self._rows[self._along(0, stop - self._first)]
        where = self._stored(self._first, stop)
        self._array[where] = rows
        self._dirty = False
        if not self._checked:
            self._check(rows, np.asarray(self._array[where]))
        return list(self._keys())

    def _check(self, written: np.ndarray, read: np.ndarray) -> None:
        """Refuse to go on with a chain of codecs that changes numbers."""
        if written.tobytes() != np.ascontiguousarray(read).tobytes():
            raise StoreError(
                f"what was written to {self._field.name} is not what is read back: use another "
                f"compression than {self._encoding.compression!r}, or another version of zarr than "
                f"{zarr.__version__}"
            )
        self._checked = True

    def _keys(self) -> Iterator[str]:
        parts = [
            range(part.start // file, -(-part.stop // file))
            for part, file in zip(self._region, self._files, strict=False)
        ]
        parts.append(range(self._first // self._span, self._first // self._span + 1))
        behind = zip(self._array.shape, self._files, strict=True)
        parts += [range(-(-n // file)) for n, file in list(behind)[self._axis + 1 :]]
        for index in itertools.product(*parts):
            yield f"{self._field.name}/{self._array.metadata.encode_chunk_key(index)}"

    def _along(self, start: int, stop: int) -> tuple[slice, ...]:
        return (*[slice(None)] * self._axis, slice(start, stop))

    def _stored(self, start: int, stop: int) -> tuple[slice, ...]:
        return (*self._region, slice(start, stop))
