"""The layout of a store: which arrays it has, along which dimensions, in which chunks."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from parasim._errors import ConfigError

_CHUNK_BYTES = 2**21
_BUFFER_BYTES = 2**26
_ROWS = (2**10, 2**18)
_TIME_ROWS = 2**17


@dataclass(frozen=True)
class Field:
    """An array of a store that grows by rows while a run goes on.

    Attributes:
        name: of the array.
        along: the dimension that grows, "time" or "window".
        dims: the names of its other axes, without the member axis.
        shape: the length of each of `dims`.
        dtype: of the array.
        attributes: such as `units` and `long_name`; JSON only.
        per_member: whether every member of an ensemble has its own values.
    """

    name: str
    along: Literal["time", "window"] = "time"
    dims: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    dtype: np.dtype = field(default_factory=lambda: np.dtype("float64"))
    attributes: Mapping[str, Any] = field(default_factory=dict)
    per_member: bool = True

    @property
    def fill_value(self) -> Any:
        """What stands where nothing was written: NaN, or -1 for integers."""
        return self.dtype.type(np.nan if self.dtype.kind in "fc" else -1)


@dataclass(frozen=True)
class Layout:
    """Everything that is known about the arrays of a store before a run begins.

    Attributes:
        fields: the arrays that grow.
        start: the first value of the time coordinate.
        interval: between two values of it.
        rows: the length of the dimension `time`.
        windows: the length of the dimension `window`.
        time_unit: the unit of the time coordinate.
        members: the length of the dimension `member`; None for a run without one.

    Raises:
        ConfigError: a name cannot be one in a store, or two arrays, or an array and a dimension,
            have the same.
    """

    fields: tuple[Field, ...]
    start: float
    interval: float
    rows: int
    windows: int
    time_unit: str = "1"
    members: int | None = None

    def __post_init__(self) -> None:
        taken = {"time", "window", "member"}
        taken |= {dim for f in self.fields for dim in f.dims}
        for f in self.fields:
            for name in (f.name, *f.dims):
                _check_name(name)
            if f.name in taken:
                raise ConfigError(
                    f"{f.name!r} is already the name of a dimension or of another array of the "
                    "store: give the state variable another name"
                )
            taken.add(f.name)

    @property
    def time_attributes(self) -> dict[str, str]:
        """The attributes of the time coordinate."""
        return {"units": self.time_unit, "long_name": "model time", "axis": "T"}

    @property
    def nbytes(self) -> int:
        """The size of all arrays, uncompressed."""
        return 8 * self.rows + sum(
            math.prod(self.full_shape(f)) * f.dtype.itemsize for f in self.fields
        )

    def has_member_axis(self, f: Field) -> bool:
        """Whether the field's first axis is `member`."""
        return self.members is not None and f.per_member

    def length(self, f: Field) -> int:
        """Return the number of rows that a field has when the run is complete."""
        return self.rows if f.along == "time" else self.windows

    def dims(self, f: Field) -> tuple[str, ...]:
        """Return the names of all axes of a field, member first."""
        member = ("member",) if self.has_member_axis(f) else ()
        return (*member, f.along, *f.dims)

    def full_shape(self, f: Field) -> tuple[int, ...]:
        """Return the shape of a field when the run is complete."""
        member = (self.members,) if self.members is not None and f.per_member else ()
        return (*member, self.length(f), *f.shape)

    def chunk_shape(self, f: Field) -> tuple[int, ...]:
        """Return the chunks of a field, as `chunk_shape` chooses them."""
        return chunk_shape(self.full_shape(f), int(self.has_member_axis(f)), f.dtype.itemsize)

    def time_blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the time coordinate in blocks, each after the index of its first value."""
        for first in range(0, self.rows, _TIME_ROWS):
            index = np.arange(first, min(first + _TIME_ROWS, self.rows), dtype=np.float64)
            yield first, self.start + index * self.interval

    @property
    def time_chunk(self) -> int:
        """The number of values in a chunk of the time coordinate."""
        return max(1, min(self.rows, _TIME_ROWS))


def _check_name(name: str) -> None:
    """Refuse a name that zarr would take for a path or for a file of its own."""
    reserved = name in ("", ".", "..", "zarr.json") or name.startswith("__")
    if reserved or "/" in name or "\0" in name:
        raise ConfigError(
            f"{name!r} cannot be the name of a variable or a dimension of the store: give the "
            "state variable a name without '/' and without '__' in front"
        )


def chunk_shape(shape: tuple[int, ...], axis: int, itemsize: int) -> tuple[int, ...]:
    """Choose the chunks of an array that is written row by row along `axis`.

    A chunk is written whole, so that all chunks of one span of rows are in memory together: that
    bounds the number of rows. Other axes stay whole, so that a slab is one chunk, unless a chunk
    would be larger than twice the target.

    Arguments:
        shape: of the array.
        axis: the axis that grows.
        itemsize: bytes per element.

    Returns:
        The chunk shape, 1-4 MB where the array is that large.
    """
    row_bytes = max(1, math.prod(shape) // max(1, shape[axis]) * itemsize)
    rows = 2 ** max(0, int(math.log2(max(1.0, _CHUNK_BYTES / row_bytes))))
    rows = min(max(rows, _ROWS[0]), _ROWS[1])
    while rows > 1 and rows * row_bytes > _BUFFER_BYTES:
        rows //= 2
    chunks = list(shape)
    chunks[axis] = max(1, min(rows, shape[axis]))
    while math.prod(chunks) * itemsize > 2 * _CHUNK_BYTES:
        widest = max((i for i in range(len(chunks)) if i != axis), key=lambda i: chunks[i])
        if chunks[widest] == 1:
            break
        chunks[widest] = -(-chunks[widest] // 2)
    return tuple(chunks)
