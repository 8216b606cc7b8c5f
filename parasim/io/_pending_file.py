"""The rows of a file that is not written yet: left where they are, or copied together."""

from typing import Any, Protocol, Self

import numpy as np

_SMALL = 2**14  # bytes; smaller parts are joined, so that there are never many


class PendingFile(Protocol):
    """Rows that come one after the other, until a file is full.

    Attributes:
        filled: how many there are.
    """

    filled: int

    def add(self, rows: np.ndarray) -> None:
        """Add rows, no more than there is room for."""
        ...

    def parts(self, fill_value: Any) -> list[np.ndarray]:
        """Return contiguous blocks that make the whole file, with fill values for what is missing.

        What is returned holds until rows are added.
        """
        ...

    def emptied(self) -> Self:
        """Return a file without rows in its place."""
        ...


class GatheredFile:
    """Rows that stay where they are; for those whose first axis is that of rows.

    Arguments:
        shape: of the file.
        dtype: of the numbers.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._shape = shape
        self._dtype = dtype
        self._parts: list[np.ndarray] = []
        self.filled = 0

    def add(self, rows: np.ndarray) -> None:
        """Add rows, which nobody changes any more."""
        rows = np.ascontiguousarray(rows, self._dtype)
        self.filled += len(rows)
        if self._parts and self._parts[-1].nbytes < _SMALL:
            rows = np.concatenate([self._parts.pop(), rows])
        self._parts.append(rows)

    def parts(self, fill_value: Any) -> list[np.ndarray]:
        """Return the rows as they came, and what is missing."""
        missing = (self._shape[0] - self.filled, *self._shape[1:])
        return [*self._parts, np.full(missing, fill_value, self._dtype)]

    def emptied(self) -> Self:
        """Forget the rows."""
        self._parts, self.filled = [], 0
        return self


class CopiedFile:
    """Rows that are copied to where they belong in the file.

    Arguments:
        shape: of the file.
        dtype: of the numbers.
        axis: that of rows.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, axis: int) -> None:
        self._rows = np.empty(shape, dtype)
        self._before = (slice(None),) * axis
        self._axis = axis
        self.filled = 0

    def add(self, rows: np.ndarray) -> None:
        """Copy rows."""
        first, self.filled = self.filled, self.filled + rows.shape[self._axis]
        self._rows[(*self._before, slice(first, self.filled))] = rows

    def parts(self, fill_value: Any) -> list[np.ndarray]:
        """Return one block."""
        self._rows[(*self._before, slice(self.filled, None))] = fill_value
        return [self._rows]

    def emptied(self) -> Self:
        """Overwrite what is there, as new memory takes longer than copying into it."""
        self.filled = 0
        return self
