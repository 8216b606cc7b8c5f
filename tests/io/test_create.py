"""Making a store: what is in the way is not touched, and what is half made is no store."""

import json
import warnings

import numpy as np
import pytest
import xarray as xr
import zarr

from parasim._errors import StoreError
from parasim.io import Encoding, open_run
from parasim.io._create import begin_store
from parasim.io._layout import Coordinate
from parasim.io._objects import write_object
from tests.stores import layout, made, write


def put(path, run, **options):
    with made(path, layout(), **options) as session:
        session.annotate(run=run)


@pytest.mark.parametrize("unit", ["1", "year", "day", "s", "ms"])
def test_plain_xarray_opens_it_without_a_warning_and_time_stays_a_number(tmp_path, unit):
    write(tmp_path / "s.zarr", layout(time_unit=unit))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xr.open_zarr(tmp_path / "s.zarr")
    assert dataset["time"].dtype == np.float64
    assert dataset["time"].attrs["units"] == unit
    np.testing.assert_array_equal(dataset["time"], 10 + 0.5 * np.arange(11))
    np.testing.assert_array_equal(dataset["window_time"], [12.5, 15])


def test_nothing_in_a_store_is_foreign_to_zarr(tmp_path):
    """Whoever lists it, for want of consolidated metadata, meets arrays and groups only."""
    write(tmp_path / "s.zarr", layout())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        group = zarr.open_group(tmp_path / "s.zarr", mode="r", use_consolidated=False)
        names = [name for name, _ in group.members(max_depth=None)]
    assert "parasim_run/commit" in names


def test_an_existing_store_is_replaced_only_if_asked(tmp_path):
    path = tmp_path / "s.zarr"
    put(path, 1)
    with pytest.raises(StoreError, match="--overwrite"):
        put(path, 2)
    assert xr.open_zarr(path).attrs["run"] == 1
    put(path, 2, overwrite=True)
    assert xr.open_zarr(path).attrs["run"] == 2


def test_nothing_of_a_replaced_store_is_left(tmp_path):
    path = tmp_path / "s.zarr"
    write(path, layout(rows=1000), {"x": np.ones(1000), "u": np.ones((1000, 3))})
    write(path.with_name("t.zarr"), layout())
    with made(path, layout(), overwrite=True):
        pass
    files = [sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file())
             for root in (path, path.with_name("t.zarr"))]  # fmt: skip
    assert set(files[0]) <= set(files[1])
    assert np.isnan(xr.open_zarr(path)["x"]).all()


def test_an_empty_folder_may_become_a_store(tmp_path):
    put(tmp_path, 1)
    assert json.loads((tmp_path / "zarr.json").read_text())["node_type"] == "group"


def test_what_a_kill_at_the_first_write_leaves_is_nothing(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "zarr.8f3a.partial").write_text("{")
    put(tmp_path / "s", 1)
    assert xr.open_zarr(tmp_path / "s").attrs["run"] == 1
    assert not list((tmp_path / "s").glob("*.partial"))


def test_a_link_is_replaced_and_not_what_it_points_to(tmp_path):
    put(tmp_path / "old.zarr", 1)
    (tmp_path / "link.zarr").symlink_to(tmp_path / "old.zarr")
    put(tmp_path / "link.zarr", 2, overwrite=True)
    assert [xr.open_zarr(tmp_path / f"{name}.zarr").attrs["run"] for name in ("old", "link")] == [
        1,
        2,
    ]


def test_a_coordinate_of_zeros_is_written(tmp_path):
    """A single member is number 0, which is what an array is filled with."""
    member = Coordinate("member", "member", np.zeros(1, int))
    with made(tmp_path / "s.zarr", layout(axes={"member": 1}, coordinates=(member,), block=(1,))):
        pass
    assert (tmp_path / "s.zarr" / "member" / "c" / "0").exists()


def test_a_place_that_cannot_be_written_is_refused():
    with pytest.raises(StoreError, match="choose another path"):
        made("/proc/s.zarr", layout())


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_store_that_could_not_be_made_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("parasim.io._create.write_object", full_disk)
    with pytest.raises(StoreError, match="No space left"):
        made(tmp_path / "s.zarr", layout())
    monkeypatch.undo()
    monkeypatch.setattr("parasim.io._create.write_times", full_disk)
    with pytest.raises(StoreError, match="No space left"):
        made(tmp_path / "s.zarr", layout())
    assert not (tmp_path / "s.zarr").exists()


@pytest.mark.parametrize("writes", range(12))
def test_a_kill_while_it_is_made_or_replaced_leaves_what_opens_and_is_replaced(
    tmp_path, monkeypatch, writes
):
    """After any number of writes there is the old store, one without variables, or the new one."""
    path = tmp_path / "s.zarr"
    put(path, 1)

    class Killed(BaseException):
        pass

    left = iter(range(writes))

    def killed(*args):
        if next(left, None) is None:
            raise Killed
        write_object(*args)

    monkeypatch.setattr("parasim.io._create.write_object", killed)
    monkeypatch.setattr("parasim.io._create._remove", lambda *_: None)  # a killed process does not
    monkeypatch.setattr("parasim.io._lock.Lock.release", lambda self: None)
    with pytest.raises(Killed):
        made(path, layout(), overwrite=True)
    monkeypatch.undo()
    dataset = xr.open_zarr(path)
    assert dataset.attrs.get("run") == 1 or not dataset.data_vars
    if not dataset.data_vars:
        with pytest.raises(StoreError, match="being made, or that was interrupted"):
            open_run(path)
    with made(path, layout(), overwrite=True, force_unlock=True):
        pass
    assert open_run(path).sizes["time"] == 0


def test_what_was_only_begun_is_replaced_without_being_asked(tmp_path):
    begin_store(tmp_path / "s.zarr")
    put(tmp_path / "s.zarr", 1)
    assert xr.open_zarr(tmp_path / "s.zarr").attrs["run"] == 1


def test_the_encoding_becomes_that_of_the_arrays(tmp_path):
    encoding = Encoding(chunk_rows=4, shard_rows=8, compression="zstd")
    write(tmp_path / "s.zarr", layout(encoding=encoding))
    array = zarr.open_array(tmp_path / "s.zarr", path="u", mode="r")
    assert (array.chunks, array.shards) == ((4, 3), (8, 3))
    assert [type(codec).__name__ for codec in array.compressors] == ["ZstdCodec", "Crc32cCodec"]
