"""Writes a file that is its numbers and a checksum, as zarr would, but without copying them.

zarr's own way makes a second copy to append four bytes, and costs half as much again. What it
reads of the first file is compared with what was written (`ChunkBuffer`).
"""

import math
import sys
from typing import Any

import google_crc32c
import numpy as np
from zarr.codecs import BytesCodec, Crc32cCodec

from parasim.io._objects import write_array_object

_CHECKSUM = 4  # bytes


def is_plain(array: Any, shape: tuple[int, ...]) -> bool:
    """Whether a block of an array is one chunk in one file, without compression.

    Arguments:
        array: zarr's.
        shape: of the block.
    """
    kinds = [type(codec) for codec in array.metadata.codecs]
    return (
        array.chunks == shape
        and kinds == [BytesCodec, Crc32cCodec]
        and sys.byteorder == "little"
        and array.dtype.isnative
    )


def empty_file(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an array of any values, behind which there is room for a checksum."""
    size = math.prod(shape) * dtype.itemsize
    return np.empty(size + _CHECKSUM, np.uint8)[:size].view(dtype).reshape(shape)


def write_plain(array: Any, key: str, rows: np.ndarray) -> None:
    """Write a file of an array.

    Arguments:
        array: zarr's.
        key: of the file.
        rows: made by `empty_file`, all of it.
    """
    file = _whole(rows)
    checksum = google_crc32c.value(file[:-_CHECKSUM])
    file[len(file) - _CHECKSUM :] = np.array([checksum], "<u4").view(np.uint8)
    write_array_object(array.store, key, file)


def _whole(rows: np.ndarray) -> Any:
    """Return the bytes that an array of `empty_file` is the front part of."""
    base: Any = rows
    while isinstance(base.base, np.ndarray):
        base = base.base
    return base
