"""Chunks, codecs and rounding."""

import numpy as np
import pytest

from parasim._errors import ConfigError
from parasim.io import Encoding, open_run
from parasim.io._encoding import chunk_grid
from tests.stores import layout, write

BOTH = Encoding()


@pytest.mark.parametrize(
    ("shape", "axis", "itemsize", "expected"),
    [
        ((10_000_000,), 0, 8, (2**18,)),
        ((1000,), 0, 8, (1000,)),
        ((10_000_000, 40), 0, 8, (32768, 40)),
        ((10_000_000, 1000), 0, 8, (2048, 1000)),
        ((3, 1_000_000), 1, 8, (3, 262144)),
        ((1000, 256, 256), 0, 8, (128, 128, 256)),
    ],
)
def test_chunks_are_a_few_megabytes_and_long_in_time(shape, axis, itemsize, expected):
    grid = chunk_grid(shape, axis, itemsize, BOTH, shape[:axis])
    assert grid.chunks == expected
    assert grid.shards is None
    assert np.prod(expected) * itemsize <= 2**25


def test_series_and_maps_have_chunks_of_their_own_kind_in_the_same_files():
    shape = (10_000_000, 40)
    series = chunk_grid(shape, 0, 8, Encoding(access="series"), ())
    maps = chunk_grid(shape, 0, 8, Encoding(access="maps"), ())
    assert series.chunks[0] > maps.chunks[0]
    assert series.chunks[1] < maps.chunks[1] == 40
    for grid in (series, maps):
        assert np.prod(grid.chunks) * 8 <= 2**20
        assert grid.shards is not None
        assert all(s % c == 0 for s, c in zip(grid.shards, grid.chunks, strict=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access": "map"}, "did you mean 'maps'"),
        ({"compression": "gzip"}, "known: lz4, none, zstd"),
        ({"chunk_rows": 0}, "chunk_rows"),
        ({"chunk_rows": 3, "shard_rows": 10}, "no multiple"),
        ({"keep_bits": 0}, "keep_bits"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Encoding(**options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("bits", [5, 12, 60])
def test_rounding_is_as_exact_as_it_says_and_rounds_once(dtype, bits):
    values = np.random.default_rng(0).standard_normal(1000).astype(dtype)
    rounded = Encoding(keep_bits=bits).rounded(values)
    assert rounded.dtype == values.dtype
    assert np.abs(rounded / values - 1).max() <= 2.0 ** -(bits + 1)
    assert (rounded == Encoding(keep_bits=bits).rounded(rounded)).all()
    assert (rounded == values).all() == (bits == 60)
    assert Encoding().rounded(values) is values


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
@pytest.mark.parametrize("rows", [{}, {"chunk_rows": 4}, {"chunk_rows": 2, "shard_rows": 6}])
def test_every_compression_gives_back_what_was_put(tmp_path, compression, rows):
    """Zeros, NaN, infinities, subnormals and noise, in chunks of any size."""
    x = np.random.default_rng(1).standard_normal(11)
    x[[0, 3, 4, 7]] = 0.0, np.nan, np.inf, 5e-324
    plan = layout(encoding=Encoding(compression=compression, **rows))
    write(tmp_path / "s", plan, {"x": x, "u": np.zeros((11, 3), np.float32)})
    read = open_run(tmp_path / "s")
    assert read["x"].values.tobytes() == x.tobytes()
    assert (read["u"].values == 0).all()


def test_only_states_are_rounded(tmp_path):
    plan = layout(encoding=Encoding(keep_bits=3))
    write(tmp_path / "s", plan, {"x": np.full(11, 1.03), "u": np.zeros((11, 3), np.float32)})
    read = open_run(tmp_path / "s")
    assert (read["x"] == 1.0).all()
    assert read["time"].values.tolist() == (10 + 0.5 * np.arange(11)).tolist()
