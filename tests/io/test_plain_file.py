"""What is written past zarr's codecs is what they would have written."""

import numpy as np
import pytest
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from parasim.io._plain_file import is_plain, write_plain


def array(path, dtype="float64", chunks=(4, 3), compressors=(), **options):
    return zarr.create_array(
        path,
        shape=(8, 3),
        chunks=chunks,
        dtype=dtype,
        fill_value=0,
        compressors=[*compressors, Crc32cCodec()],
        **options,
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "int32"])
def test_the_bytes_are_those_of_zarr(tmp_path, dtype):
    theirs, ours = array(tmp_path / "theirs", dtype), array(tmp_path / "ours", dtype)
    rows = (np.random.default_rng(0).standard_normal((4, 3)) * 10).astype(dtype)
    assert is_plain(ours, rows.shape)
    write_plain(ours, "c/1/0", [rows[:1], rows[1:]])
    theirs[4:] = rows
    files = [(tmp_path / name / "c" / "1" / "0").read_bytes() for name in ("theirs", "ours")]
    assert files[0] == files[1]
    np.testing.assert_array_equal(ours[4:], rows)


def test_anything_else_is_left_to_zarr(tmp_path):
    assert is_plain(array(tmp_path / "a"), (4, 3))
    assert not is_plain(array(tmp_path / "b"), (4, 6))
    assert not is_plain(array(tmp_path / "c", compressors=[ZstdCodec()]), (4, 3))
    assert not is_plain(array(tmp_path / "d", chunks=(2, 3), shards=(4, 3)), (4, 3))
    assert not is_plain(array(tmp_path / "e", dtype=">f8"), (4, 3))
    assert not is_plain(array(zarr.storage.MemoryStore()), (4, 3))


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    ours = array(tmp_path / "a")

    def parts():
        yield np.zeros((1, 3))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_plain(ours, "c/0/0", parts())
    assert list((tmp_path / "a").glob("c/0/*")) == []
