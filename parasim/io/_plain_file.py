"""Writes a file that is its numbers and a checksum, as zarr would, but without copying them.

zarr copies numbers twice, into a chunk and to append four bytes. Here they go to the disk from
where they are. What zarr reads of the first file is compared with what was written
(`ChunkBuffer`).
"""

import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from zarr.codecs import BytesCodec, Crc32cCodec
from zarr.storage import LocalStore


def is_plain(array: Any, shape: tuple[int, ...]) -> bool:
    """Whether a block of an array is one chunk in one file of this machine, without compression.

    Arguments:
        array: zarr's.
        shape: of the block.
    """
    kinds = [type(codec) for codec in array.metadata.codecs]
    return (
        isinstance(array.store, LocalStore)
        and array.chunks == shape
        and kinds == [BytesCodec, Crc32cCodec]
        and sys.byteorder == "little"
        and array.dtype.isnative
    )


def write_plain(array: Any, key: str, parts: Iterable[np.ndarray]) -> None:
    """Write a file of an array; it appears under its name when it is complete.

    Arguments:
        array: zarr's.
        key: of the file.
        parts: of the block, one after the other, each contiguous.
    """
    path: Path = array.store.root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{uuid.uuid4().hex}.partial")
    try:
        _write(partial, parts)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _write(path: Path, parts: Iterable[np.ndarray]) -> None:
    checksum = 0
    with path.open("wb") as file:
        for part in parts:
            content: Any = part.reshape(-1).view(np.uint8)
            checksum = google_crc32c.extend(checksum, content)
            file.write(content)
        file.write(checksum.to_bytes(4, "little"))
