"""Opening a store: complete windows only, and a clear word about everything else."""

import json
from contextlib import suppress

import numpy as np
import pytest
import xarray as xr

from parasim._errors import ConfigError, StoreError
from parasim.io import Coordinate, Encoding, open_run
from parasim.io._root import MARK, STORE_VERSION
from tests.stores import layout, made, mark, rows, window, write


def test_there_is_a_dask_chunk_per_file(tmp_path):
    plan = layout(encoding=Encoding(chunk_rows=2, shard_rows=4))
    write(tmp_path / "s", plan, rows(0, 11) | window(2))
    assert open_run(tmp_path / "s")["u"].chunks == ((4, 4, 3), (3,))


def test_times_are_indexed_unless_there_are_too_many(tmp_path, monkeypatch):
    write(tmp_path / "s", layout(), rows(0, 11) | window(2))
    assert open_run(tmp_path / "s").sel(time=12.0)["x"] == 4
    monkeypatch.setattr("parasim.io._reader._MOST_INDEXED", 10)
    assert not open_run(tmp_path / "s").indexes
    assert open_run(tmp_path / "s", indexed=True).indexes


def test_regions_that_are_not_as_far_show_nothing_for_what_is_to_come(tmp_path):
    plan = layout(axes={"F": 4}, block=(2,), coordinates=(Coordinate("F", "F", np.arange(4.0)),))
    both = {name: np.stack([block, -block]) for name, block in rows(0, 11).items()}
    with suppress(KeyboardInterrupt), made(tmp_path / "s", plan) as session:
        with session.writer(0) as writer:
            writer.put(both | {"mode": np.ones((2, 2), np.int8)}, mark(10))
        with session.writer(1) as writer:
            part = {name: block[:, :5] for name, block in both.items()}
            writer.put(part | {"mode": np.ones((2, 1), np.int8)}, mark(4))
            writer.put({name: block[:, 5:8] for name, block in both.items()})
            raise KeyboardInterrupt
    dataset = open_run(tmp_path / "s")
    assert np.isfinite(dataset["x"].sel(F=[0, 1])).all()
    assert np.isfinite(dataset["x"].sel(F=3)).values.tolist() == [True] * 8 + [False] * 3
    assert dataset["mode"].values.tolist() == [[1, 1], [1, 1], [1, -1], [1, -1]]
    assert dataset["mode"].dtype == np.int8
    assert dataset["u"].dims == ("F", "time", "site")
    assert dataset["x"].attrs["units"] == "K"


@pytest.mark.parametrize("version", [STORE_VERSION - 1, STORE_VERSION + 1, "new"])
def test_a_store_of_another_version_says_what_can_be_done(tmp_path, version):
    write(tmp_path / "s", layout())
    root = json.loads((tmp_path / "s" / "zarr.json").read_text())
    root["attributes"][MARK] = version
    (tmp_path / "s" / "zarr.json").write_text(json.dumps(root))
    newer = version == STORE_VERSION + 1
    remedy = "a newer.*pip install --upgrade" if newer else "an older.*run its command again"
    with pytest.raises(StoreError, match=f"{remedy}.*xarray.open_zarr"):
        open_run(tmp_path / "s")
    assert "x" in xr.open_zarr(tmp_path / "s")


def test_what_is_no_store_of_ours_is_refused(tmp_path):
    write(tmp_path / "lorenz.zarr", layout())
    with pytest.raises(StoreError, match=r"did you mean '.*lorenz\.zarr'"):
        open_run(tmp_path / "lorentz.zarr")
    with pytest.raises(StoreError, match="check the path"):
        open_run(tmp_path / "no" / "such" / "folder")
    with pytest.raises(StoreError, match="no zarr store"):
        open_run(tmp_path)
    xr.Dataset({"a": 1}).to_zarr(tmp_path / "other", zarr_format=3, consolidated=False)
    with pytest.raises(StoreError, match=r"not written by parasim: open it with xarray"):
        open_run(tmp_path / "other")
    with pytest.raises(ConfigError, match="must be a path"):
        open_run(None)


def test_a_damaged_commit_is_named_as_such(tmp_path):
    write(tmp_path / "s", layout(), rows(0, 11) | window(2))
    commit = tmp_path / "s" / "parasim_run" / "commit" / "c" / "0" / "0"
    content = bytearray(commit.read_bytes())
    content[3] ^= 1
    commit.write_bytes(content)
    with pytest.raises(StoreError, match=r"is damaged.*--repair"):
        open_run(tmp_path / "s")
