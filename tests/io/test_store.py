"""Layout, creation and writing of stores; everything that fails must say what to do."""

import json
import time
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from parasim._errors import ConfigError, StoreError
from parasim.io import Field, Layout, MemoryWriter, StoreWriter, check_target, create_store
from parasim.io._create import MARK
from parasim.io._layout import chunk_shape


def layout(**changes) -> Layout:
    fields = (
        Field("x", attributes={"units": "K", "long_name": "temperature"}),
        Field("u", dims=("site",), shape=(3,), dtype=np.dtype("float32")),
        Field("window_time", along="window", per_member=False),
        Field(
            "mode",
            along="window",
            dtype=np.dtype("int8"),
            attributes={
                "flag_values": [0, 1],
                "flag_meanings": "a b",
                "coordinates": "window_time",
            },
        ),
    )
    values = {
        "fields": fields, "start": 10.0, "interval": 0.5, "rows": 11, "windows": 2,
        "time_unit": "year",
    }  # fmt: skip
    return Layout(**(values | changes))


def rows(first: int, stop: int) -> dict[str, np.ndarray]:
    index = np.arange(first, stop, dtype=float)
    return {"x": index, "u": index[:, None] + [0, 100, 200]}


def window(number: int) -> dict[str, np.ndarray]:
    return {"window_time": np.array([float(number)]), "mode": np.array([1], np.int8)}


def started(path: Path, plan: Layout) -> StoreWriter:
    return StoreWriter(create_store(path, plan, {}), plan)


def write(path: Path, plan: Layout, *blocks: dict[str, np.ndarray]) -> None:
    with started(path, plan) as writer:
        for block in blocks:
            writer.put(block)


@pytest.mark.parametrize("unit", ["1", "year", "day", "s", "ms"])
def test_plain_xarray_opens_it_without_a_warning_and_time_stays_a_number(tmp_path, unit):
    plan = layout(time_unit=unit)
    create_store(tmp_path / "s.zarr", plan, {"status": "running"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xr.open_zarr(tmp_path / "s.zarr")
    assert dataset["time"].dtype == np.float64
    assert dataset["time"].attrs["units"] == unit
    np.testing.assert_array_equal(dataset["time"], 10 + 0.5 * np.arange(11))


def test_what_is_put_is_what_is_read(tmp_path):
    write(
        tmp_path / "s.zarr", layout(), rows(0, 1), rows(1, 7) | window(1), rows(7, 11) | window(2)
    )
    dataset = xr.open_zarr(tmp_path / "s.zarr").load()
    np.testing.assert_array_equal(dataset["x"], np.arange(11))
    np.testing.assert_array_equal(dataset["u"], rows(0, 11)["u"].astype("float32"))
    assert dataset["u"].dims == ("time", "site")
    assert dataset["x"].attrs == {"units": "K", "long_name": "temperature"}
    assert list(dataset["mode"].coords) == ["window_time"]
    assert dataset["mode"].dtype == np.int8
    assert dataset.attrs["status"] == "complete"


def test_members_come_first_and_share_the_window_times(tmp_path):
    plan = layout(members=2)
    both = {name: np.stack([block, -block]) for name, block in rows(0, 11).items()}
    ends = {"window_time": np.array([1.0, 2.0]), "mode": np.zeros((2, 2), np.int8)}
    write(tmp_path / "s.zarr", plan, both | ends)
    dataset = xr.open_zarr(tmp_path / "s.zarr")
    assert dataset["u"].dims == ("member", "time", "site")
    assert dataset["mode"].dims == ("member", "window")
    assert dataset["window_time"].dims == ("window",)
    np.testing.assert_array_equal(dataset["x"].sel(member=1), -np.arange(11.0))


def test_memory_and_store_hold_the_same(tmp_path):
    plan = layout()
    blocks = [rows(0, 1), rows(1, 11) | {k: np.repeat(v, 2) for k, v in window(1).items()}]
    write(tmp_path / "s.zarr", plan, *blocks)
    with MemoryWriter(plan, {}) as memory:
        for block in blocks:
            memory.put(block)
    assert memory.dataset().identical(xr.open_zarr(tmp_path / "s.zarr").load())


def test_a_failed_run_leaves_the_rows_that_were_put(tmp_path):
    plan = layout()
    with suppress(ZeroDivisionError), started(tmp_path / "s.zarr", plan) as writer:
        writer.put(rows(0, 6) | window(1))
        writer.annotate(failed_at=12.5)
        raise ZeroDivisionError
    dataset = xr.open_zarr(tmp_path / "s.zarr")
    assert dict(dataset.sizes) == {"time": 6, "window": 1, "site": 3}
    assert dataset.attrs == {"status": "failed", "failed_at": 12.5}
    assert np.isfinite(dataset["x"]).all()


def test_ctrl_c_leaves_the_rows_that_were_put(tmp_path):
    plan = layout()
    with suppress(KeyboardInterrupt), started(tmp_path / "s.zarr", plan) as writer:
        writer.put(rows(0, 6) | window(1))
        raise KeyboardInterrupt
    dataset = xr.open_zarr(tmp_path / "s.zarr")
    assert dataset.attrs["status"] == "interrupted"
    assert dataset.sizes["time"] == 6


def shown(path: Path, row: int, windows: int = 0) -> xr.Dataset:
    """Wait until the writer's thread has come to showing a row, and so many windows.

    A thread that died never does.
    """
    for _ in range(2000):
        dataset = xr.open_zarr(path).load()
        if not np.isnan(dataset["x"][row]) and (dataset["mode"][:windows] >= 0).all():
            return dataset
        time.sleep(0.01)
    raise AssertionError(f"row {row} was never shown")


def test_a_chunk_that_has_begun_shows_nothing_of_the_one_before(tmp_path):
    """The buffer of a chunk is used again for the next."""
    plan = layout(rows=2**18 + 1000)
    assert plan.chunk_shape(plan.fields[0]) == (2**18,)
    group = create_store(tmp_path / "s.zarr", plan, {"status": "running"})
    with StoreWriter(group, plan, flush_seconds=0.01) as writer:
        writer.put(rows(0, 2**18 + 10))
        dataset = shown(tmp_path / "s.zarr", row=2**18 + 9)
    np.testing.assert_array_equal(dataset["x"][: 2**18 + 10], np.arange(2**18 + 10))
    assert np.isnan(dataset["x"][2**18 + 10 :]).all()


def test_a_running_store_shows_progress_and_nan_for_what_is_to_come(tmp_path):
    plan = layout()
    group = create_store(tmp_path / "s.zarr", plan, {"status": "running"})
    with StoreWriter(group, plan, flush_seconds=0.01) as writer:
        writer.put(rows(0, 4) | window(1))
        dataset = shown(tmp_path / "s.zarr", row=3, windows=1)
        assert np.isnan(dataset["x"][4:]).all()
        assert dataset["mode"].values.tolist() == [1, -1]
        writer.put(rows(4, 11) | window(2))


def test_a_window_of_nan_or_zero_is_written_not_left_out(tmp_path):
    write(tmp_path / "s.zarr", layout(), {"x": np.zeros(11), "u": np.full((11, 3), np.nan)}
          | {k: np.repeat(v, 2) for k, v in window(1).items()})  # fmt: skip
    assert (tmp_path / "s.zarr" / "x" / "c" / "0").is_file()
    assert (tmp_path / "s.zarr" / "u" / "c" / "0" / "0").is_file()


def test_the_writer_keeps_no_array_that_its_owner_changes(tmp_path):
    plan = layout()
    mine = rows(0, 11)
    with StoreWriter(create_store(tmp_path / "s.zarr", plan, {}), plan) as writer:
        writer.put(mine | {k: np.repeat(v, 2) for k, v in window(1).items()})
        mine["x"][:] = -1
    np.testing.assert_array_equal(xr.open_zarr(tmp_path / "s.zarr")["x"], np.arange(11))


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_an_error_of_the_thread_surfaces_and_nobody_waits_for_ever(tmp_path, monkeypatch):
    plan = layout(rows=10_000)
    group = create_store(tmp_path / "s.zarr", plan, {})
    monkeypatch.setattr(zarr.Array, "__setitem__", full_disk)

    def run():
        with StoreWriter(group, plan, queue_bytes=64, flush_seconds=0.01) as writer:
            for first in range(0, 10_000, 10):
                writer.put(rows(first, first + 10))

    with pytest.raises(StoreError, match=r"No space left.*make room"):
        run()


def test_an_error_in_the_last_chunk_surfaces_at_the_end(tmp_path, monkeypatch):
    plan = layout()
    writer = started(tmp_path / "s.zarr", plan)
    writer.put(rows(0, 11))
    monkeypatch.setattr(zarr.Array, "__setitem__", full_disk)
    with pytest.raises(StoreError, match="make room"):
        writer.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("shape", "axis", "itemsize", "expected"),
    [
        ((10_000_000,), 0, 8, (2**18,)),
        ((1000,), 0, 8, (1000,)),
        ((10_000_000, 40), 0, 8, (4096, 40)),
        ((10_000_000, 1000), 0, 8, (1024, 500)),
        ((3, 1_000_000), 1, 8, (3, 65536)),
        ((1000, 256, 256), 0, 8, (128, 64, 64)),
    ],
)
def test_chunks_are_a_few_megabytes_and_long_in_time(shape, axis, itemsize, expected):
    assert chunk_shape(shape, axis, itemsize) == expected
    assert np.prod(expected) * itemsize <= 2**22


def test_a_name_that_the_store_needs_itself_is_refused():
    with pytest.raises(ConfigError, match=r"'time'.*another name"):
        layout(fields=(Field("time"),))
    with pytest.raises(ConfigError, match=r"'site'.*another name"):
        layout(fields=(Field("site", dims=("site",), shape=(2,)),))


@pytest.mark.parametrize("name", ["a/b", "/", ".", "..", "", "__x", "zarr.json", "a\0b"])
def test_a_name_that_zarr_takes_for_something_else_is_refused(name):
    with pytest.raises(ConfigError, match="give the state variable a name without '/'"):
        layout(fields=(Field(name),))
    with pytest.raises(ConfigError, match="cannot be the name of a variable or a dimension"):
        layout(fields=(Field("x", dims=(name,), shape=(2,)),))


def test_a_zarr_group_of_another_program_is_never_replaced(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        xr.Dataset({"precious": 1}).to_zarr(tmp_path / "s.zarr", zarr_format=3)
    with pytest.raises(StoreError, match=r"not written by parasim.*another path"):
        create_store(tmp_path / "s.zarr", layout(), {}, overwrite=True)
    assert "precious" in xr.open_zarr(tmp_path / "s.zarr")


@pytest.mark.parametrize("path", [3, None, b"s.zarr", "", "a\0.zarr"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ConfigError, match=r"must be a path such as 'run\.zarr'"):
        check_target(path)


def test_a_url_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="local files only: give a local path"):
        create_store("s3://bucket/s.zarr", layout(), {})
    assert not any(tmp_path.iterdir())


def test_an_existing_store_is_replaced_only_if_asked(tmp_path):
    path = tmp_path / "s.zarr"
    create_store(path, layout(), {"run": 1, MARK: 1})
    with pytest.raises(StoreError, match="--overwrite"):
        create_store(path, layout(), {"run": 2})
    assert xr.open_zarr(path).attrs["run"] == 1
    create_store(path, layout(), {"run": 2, MARK: 1}, overwrite=True)
    assert xr.open_zarr(path).attrs["run"] == 2


def test_what_is_no_store_is_never_deleted(tmp_path):
    precious = tmp_path / "folder" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("results")
    for target in (precious, precious.parent):
        with pytest.raises(StoreError, match=r"no zarr store.*another path"):
            create_store(target, layout(), {}, overwrite=True)
    assert precious.read_text() == "results"


def test_an_empty_folder_may_become_a_store(tmp_path):
    create_store(tmp_path, layout(), {})
    assert json.loads((tmp_path / "zarr.json").read_text())["node_type"] == "group"


def test_a_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file is a file; choose another path"):
        check_target(tmp_path / "file" / "s.zarr")


def test_a_place_that_cannot_be_written_is_refused():
    with pytest.raises(StoreError, match="choose another path"):
        create_store("/proc/s.zarr", layout(), {})


def test_a_store_that_could_not_be_made_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(zarr.Array, "__setitem__", full_disk)
    with pytest.raises(StoreError, match="No space left"):
        create_store(tmp_path / "s.zarr", layout(), {})
    assert not (tmp_path / "s.zarr").exists()
