"""The layout of a store: which arrays it has, along which dimensions, in which chunks."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from parasim._errors import ConfigError
from parasim.io._encoding import ChunkGrid, Encoding, chunk_grid

_TIME_ROWS = 2**17
_WINDOW_ROWS = 2**14

RUN_GROUP = "parasim_run"  # the group in a store that says how far its run is
_RESERVED = ("time", "window", "window_time", RUN_GROUP)


@dataclass(frozen=True)
class Field:
    """An array of a store that grows by rows while a run goes on.

    Attributes:
        name: of the array.
        along: the dimension that grows, "time" or "window".
        dims: the names of its other axes, without those of an ensemble or a sweep.
        shape: the length of each of `dims`.
        dtype: of the array.
        attributes: such as `units` and `long_name`; JSON only.
    """

    name: str
    along: Literal["time", "window"] = "time"
    dims: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    dtype: np.dtype = field(default_factory=lambda: np.dtype("float64"))
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fill_value(self) -> Any:
        """What stands where nothing was written: NaN, or -1 for integers."""
        return self.dtype.type(np.nan if self.dtype.kind in "fc" else -1)


@dataclass(frozen=True, eq=False)
class Coordinate:
    """Numbers along an axis of an ensemble or a sweep.

    Attributes:
        name: of the array; that of the axis, if it is what the axis is labelled with.
        axis: along which.
        values: one-dimensional.
        attributes: JSON only.
    """

    name: str
    axis: str
    values: np.ndarray
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Layout:
    """Everything that is known about the arrays of a store before a run begins.

    Runs side by side, those of an ensemble or a sweep, are along the first axes of every array.
    They are computed in blocks; the part of all arrays that belongs to one is a region.

    Attributes:
        fields: the arrays that grow.
        start: the first value of the time coordinate.
        interval: between two values of it.
        rows: the length of the dimension `time`.
        window_ends: the model time at the end of each window.
        time_unit: the unit of the time coordinate.
        axes: the names and lengths of the first axes.
        coordinates: along these.
        block: how much of each of `axes` is computed together: a power of two, or all of it.
        encoding: how states are kept.

    Raises:
        ConfigError: a name cannot be one in a store, or two arrays, or an array and a dimension,
            have the same.
    """

    fields: tuple[Field, ...]
    start: float
    interval: float
    rows: int
    window_ends: np.ndarray
    time_unit: str = "1"
    axes: Mapping[str, int] = field(default_factory=dict)
    coordinates: tuple[Coordinate, ...] = ()
    block: tuple[int, ...] = ()
    encoding: Encoding = field(default_factory=Encoding)

    def __post_init__(self) -> None:
        taken = {*_RESERVED, *self.axes}
        taken |= {c.name for c in self.coordinates}
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
    def windows(self) -> int:
        """The length of the dimension `window`."""
        return len(self.window_ends)

    @property
    def time_attributes(self) -> dict[str, str]:
        """The attributes of the time coordinate."""
        return {"units": self.time_unit, "long_name": "model time", "axis": "T"}

    @property
    def window_attributes(self) -> dict[str, str]:
        """The attributes of the times at the ends of windows."""
        return {"units": self.time_unit, "long_name": "end of the window"}

    @property
    def nbytes(self) -> int:
        """The size of all arrays, uncompressed."""
        return 8 * (self.rows + self.windows) + sum(
            math.prod(self.full_shape(f)) * f.dtype.itemsize for f in self.fields
        )

    @property
    def row_axis(self) -> int:
        """The axis of an array along which it grows: behind those of ensembles and sweeps."""
        return len(self.axes)

    @property
    def regions(self) -> list[tuple[slice, ...]]:
        """The blocks of the first axes, in C order; one without axes if there are none."""
        return divided(self.axes.values(), self.block)

    def length(self, f: Field) -> int:
        """Return the number of rows that a field has when the run is complete."""
        return self.rows if f.along == "time" else self.windows

    def dims(self, f: Field) -> tuple[str, ...]:
        """Return the names of all axes of a field."""
        return (*self.axes, f.along, *f.dims)

    def full_shape(self, f: Field) -> tuple[int, ...]:
        """Return the shape of a field when the run is complete."""
        return (*self.axes.values(), self.length(f), *f.shape)

    def chunk_grid(self, f: Field) -> ChunkGrid:
        """Return the chunks of a field."""
        encoding = self.encoding if f.along == "time" else Encoding(chunk_rows=_WINDOW_ROWS)
        shape = self.full_shape(f)
        return chunk_grid(shape, self.row_axis, f.dtype.itemsize, encoding, self.block)

    def time_blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the time coordinate in blocks, each after the index of its first value."""
        for first in range(0, self.rows, _TIME_ROWS):
            index = np.arange(first, min(first + _TIME_ROWS, self.rows), dtype=np.float64)
            yield first, self.start + index * self.interval

    @property
    def time_chunk(self) -> int:
        """The number of values in a chunk of the time coordinate."""
        return max(1, min(self.rows, _TIME_ROWS))


def divided(lengths: Iterable[int], block: Iterable[int]) -> list[tuple[slice, ...]]:
    """Divide axes of some lengths into blocks, in C order."""
    steps = [
        [slice(first, min(first + part, length)) for first in range(0, length, part)]
        for length, part in zip(lengths, block, strict=True)
    ]
    return list(itertools.product(*steps))


def _check_name(name: str) -> None:
    """Refuse a name that zarr would take for a path or for a file of its own."""
    reserved = name in ("", ".", "..", "zarr.json") or name.startswith("__")
    if reserved or "/" in name or "\0" in name:
        raise ConfigError(
            f"{name!r} cannot be the name of a variable or a dimension of the store: give the "
            "state variable a name without '/' and without '__' in front"
        )
