"""How the values of a store are laid out in chunks and compressed."""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numcodecs.bitround import BitRound, max_bits
from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

from parasim._errors import ConfigError, near_names
from parasim._numbers import whole_number

Access = Literal["both", "series", "maps"]
Compression = Literal["none", "lz4", "zstd"]

# Larger chunks are written faster; a reader of one series or of one map reads them whole.
_CHUNK_BYTES = 2**24
_PART_BYTES = 2**20
_BUFFER_BYTES = 2**26
_ROWS = (2**10, 2**18)


@dataclass(frozen=True)
class Encoding:
    """How a store keeps the states: in what chunks, with what compression, how exactly.

    Every chunk has a checksum, whatever is chosen.

    Attributes:
        access: what will mostly be read: "series" (few variables over long times), "maps" (all
            variables at few times), or "both".
        chunk_rows: the number of saved states in a chunk, instead of what `access` suggests.
        shard_rows: the number of them in a file with several chunks; a multiple of `chunk_rows`.
        compression: "none", "lz4" or "zstd", all without loss. The last digits of a trajectory
            are noise: compression gains about a tenth, and costs five times the CPU.
        keep_bits: of the mantissa of a number (52 in float64, 23 in float32), the others are
            rounded away: the relative error is at most 2**-(keep_bits + 1). By default all.

    Raises:
        ConfigError: a value is none of these.
    """

    access: Access = "both"
    chunk_rows: int | None = None
    shard_rows: int | None = None
    compression: Compression = "none"
    keep_bits: int | None = None

    def __post_init__(self) -> None:
        for name, known in (("access", Access), ("compression", Compression)):
            value = getattr(self, name)
            if value not in get_args(known):
                raise ConfigError(
                    f"there is no {name} {value!r}: {near_names(str(value), get_args(known))}"
                )
        for name in ("chunk_rows", "shard_rows", "keep_bits"):
            if getattr(self, name) is not None:
                whole_number(name, getattr(self, name), minimum=1)
        if self.shard_rows is not None and self.shard_rows % (self.chunk_rows or 1):
            raise ConfigError(
                f"shard_rows = {self.shard_rows} is no multiple of chunk_rows = {self.chunk_rows}: "
                "a shard holds whole chunks"
            )

    @property
    def codecs(self) -> list[Any]:
        """Zarr's codecs from bytes to bytes, the checksum last."""
        compressor = {
            "none": [],
            "lz4": [BloscCodec(cname="lz4", clevel=5, shuffle="shuffle")],
            "zstd": [ZstdCodec(level=3)],
        }[self.compression]
        return [*compressor, Crc32cCodec()]

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Return numbers as they will be in the store."""
        if self.keep_bits is None or values.dtype.kind != "f":
            return values
        if self.keep_bits >= max_bits[values.dtype.name]:
            return values
        exact = np.ascontiguousarray(values)
        return np.asarray(BitRound(self.keep_bits).encode(exact)).view(values.dtype)


@dataclass(frozen=True)
class ChunkGrid:
    """The chunks of an array.

    Attributes:
        chunks: the shape of one.
        shards: the shape of a file that holds several; None if every chunk is a file.
    """

    chunks: tuple[int, ...]
    shards: tuple[int, ...] | None

    @property
    def files(self) -> tuple[int, ...]:
        """The shape of what is in one file, and so is written at once."""
        return self.shards or self.chunks


def chunk_grid(
    shape: tuple[int, ...], axis: int, itemsize: int, encoding: Encoding, block: tuple[int, ...]
) -> ChunkGrid:
    """Choose the chunks of an array that is written row by row along `axis`.

    A file is written whole, so that all files of one span of rows are in memory together: that
    bounds the number of rows.

    Arguments:
        shape: of the array.
        axis: the axis that grows.
        itemsize: bytes per element.
        encoding: what was asked for.
        block: how much of the axes before `axis` is written together: each a power of two, or all
            of the axis, so that no file belongs to two blocks.
    """
    row_bytes = math.prod((*block, *shape[axis + 1 :])) * itemsize or 1
    length = max(1, shape[axis])
    rows = encoding.shard_rows or encoding.chunk_rows or _rows(row_bytes)
    files = [*block, min(rows, length), *(max(1, n) for n in shape[axis + 1 :])]
    if encoding.chunk_rows and encoding.shard_rows:
        inner = [*files[:axis], encoding.chunk_rows, *files[axis + 1 :]]
        # A run that is shorter than a shard has one, which must still hold whole chunks.
        files[axis] = -(-files[axis] // inner[axis]) * inner[axis]
        return ChunkGrid(tuple(inner), tuple(files))
    if encoding.chunk_rows or encoding.access == "both":
        while not encoding.chunk_rows and math.prod(files) * itemsize > 2 * _CHUNK_BYTES:
            if not _halve(files, [i for i in range(len(files)) if i != axis]):
                break
        return ChunkGrid(tuple(files), None)
    return _divided(files, axis, itemsize, encoding.access)


def _rows(row_bytes: int) -> int:
    """Return a number of rows, a power of two."""
    rows = 2 ** max(0, int(math.log2(max(1.0, _CHUNK_BYTES / row_bytes))))
    rows = min(max(rows, _ROWS[0]), _ROWS[1])
    while rows > 1 and rows * row_bytes > _BUFFER_BYTES:
        rows //= 2
    return rows


def _divided(files: list[int], axis: int, itemsize: int, access: Access) -> ChunkGrid:
    """Divide a file into chunks that suit the access."""
    inner = list(files)
    others = [i for i in range(len(files)) if i != axis]
    while math.prod(inner) * itemsize > _PART_BYTES:
        first, then = (others, [axis]) if access == "series" else ([axis], others)
        if not (_halve(inner, first) or _halve(inner, then)):
            break
    # A shard must hold whole chunks; what is beyond the array is not stored.
    shards = tuple(-(-whole // part) * part for whole, part in zip(files, inner, strict=True))
    return ChunkGrid(tuple(inner), shards if shards != tuple(inner) else None)


def _halve(shape: list[int], axes: list[int]) -> bool:
    """Halve the longest of some axes; return whether there was one to halve."""
    longest = max(axes, key=lambda i: shape[i], default=None)
    if longest is None or shape[longest] == 1:
        return False
    shape[longest] = -(-shape[longest] // 2)
    return True
