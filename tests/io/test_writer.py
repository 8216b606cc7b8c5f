"""Writing a region: what is put is what is read, and what is committed stays."""

import time
from contextlib import suppress

import numpy as np
import pytest
import xarray as xr
import zarr

from parasim._errors import NotFiniteError, StoreError
from parasim.io import MemorySession, RegionWriter, StoreSession, open_run
from tests.stores import layout, made, mark, rows, window, write


def test_what_is_put_is_what_is_read(tmp_path):
    write(tmp_path / "s.zarr", layout(), rows(0, 1), rows(1, 7) | window(), rows(7, 11) | window())
    dataset = xr.open_zarr(tmp_path / "s.zarr").load()
    np.testing.assert_array_equal(dataset["x"], np.arange(11))
    np.testing.assert_array_equal(dataset["u"], rows(0, 11)["u"].astype("float32"))
    assert dataset["u"].dims == ("time", "site")
    assert dataset["x"].attrs == {"units": "K", "long_name": "temperature"}
    assert list(dataset["mode"].coords) == ["window_time"]
    assert dataset["mode"].dtype == np.int8
    assert dataset.attrs["status"] == "complete"


def test_members_come_first(tmp_path):
    plan = layout(axes={"member": 2}, block=(2,))
    both = {name: np.stack([block, -block]) for name, block in rows(0, 11).items()}
    write(tmp_path / "s.zarr", plan, both | {"mode": np.zeros((2, 2), np.int8)})
    dataset = xr.open_zarr(tmp_path / "s.zarr")
    assert dataset["u"].dims == ("member", "time", "site")
    assert dataset["mode"].dims == ("member", "window")
    assert dataset["window_time"].dims == ("window",)
    np.testing.assert_array_equal(dataset["x"][1], -np.arange(11.0))


def test_memory_and_store_hold_the_same(tmp_path):
    plan = layout()
    blocks = [rows(0, 1), rows(1, 11) | window(2)]
    write(tmp_path / "s.zarr", plan, *blocks)
    with MemorySession(plan, {}) as memory, memory.writer() as writer:
        for block in blocks:
            writer.put(block)
    stored = xr.open_zarr(tmp_path / "s.zarr").load()
    stored.attrs = {"status": "complete"}
    assert memory.dataset().identical(stored)


def shown(path, row: int, windows: int = 0) -> xr.Dataset:
    """Wait until the writer's thread has committed a row, and so many windows.

    A thread that died never does.
    """
    for _ in range(2000):
        dataset = open_run(path)
        if dataset.sizes["time"] > row and dataset.sizes["window"] >= windows:
            return dataset.load()
        time.sleep(0.01)
    raise AssertionError(f"row {row} was never shown")


def test_a_chunk_that_has_begun_shows_nothing_of_the_one_before(tmp_path):
    """The buffer of a chunk is used again for the next."""
    plan = layout(rows=2**18 + 1000)
    assert plan.chunk_grid(plan.fields[0]).files == (2**18,)
    with made(tmp_path / "s", plan) as session, session.writer(commit_seconds=0.01) as writer:
        writer.put(rows(0, 2**18 + 10))
        shown(tmp_path / "s", row=2**18 + 9)
        dataset = xr.open_zarr(tmp_path / "s").load()
    np.testing.assert_array_equal(dataset["x"][: 2**18 + 10], np.arange(2**18 + 10))
    assert np.isnan(dataset["x"][2**18 + 10 :]).all()


def test_plain_xarray_sees_the_committed_part_and_nan_behind_it(tmp_path):
    plan = layout()
    with made(tmp_path / "s", plan) as session, session.writer(commit_seconds=0.01) as writer:
        writer.put(rows(0, 4) | window())
        ours = shown(tmp_path / "s", row=3, windows=1)
        dataset = xr.open_zarr(tmp_path / "s").load()
        assert ours.attrs["status"] == dataset.attrs["status"] == "running"
        assert ours.sizes["time"] == 4
        assert np.isnan(dataset["x"][4:]).all()
        assert dataset["mode"].values.tolist() == [1, -1]
        writer.put(rows(4, 11) | window())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFiniteError("it blew up"), "failed"),
        (KeyboardInterrupt(), "interrupted"),
        (ZeroDivisionError(), "interrupted"),
    ],
)
def test_whatever_ends_a_run_what_was_put_is_committed(tmp_path, error, status):
    plan = layout()
    with suppress(type(error)), made(tmp_path / "s", plan) as session:
        session.annotate(failed_at=12.5)
        with session.writer() as writer:
            writer.put(rows(0, 6) | window(), mark(5))
            raise error
    dataset = open_run(tmp_path / "s")
    assert dict(dataset.sizes) == {"time": 6, "window": 1, "site": 3}
    assert dataset.attrs["status"] == status
    assert dataset.attrs["failed_at"] == 12.5
    assert np.isfinite(dataset["x"]).all()


def test_a_window_of_nan_or_zero_is_written_not_left_out(tmp_path):
    nothing = {"x": np.zeros(11), "u": np.full((11, 3), np.nan)}
    write(tmp_path / "s.zarr", layout(), nothing | window(2))
    assert (tmp_path / "s.zarr" / "x" / "c" / "0").is_file()
    assert (tmp_path / "s.zarr" / "u" / "c" / "0" / "0").is_file()


def test_the_writer_keeps_no_array_that_its_owner_changes(tmp_path):
    mine = rows(0, 11)
    with made(tmp_path / "s.zarr", layout()) as session, session.writer() as writer:
        writer.put(mine | window(2))
        mine["x"][:] = -1
    np.testing.assert_array_equal(xr.open_zarr(tmp_path / "s.zarr")["x"], np.arange(11))


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_an_error_of_the_thread_surfaces_and_nobody_waits_for_ever(tmp_path, monkeypatch):
    plan = layout(rows=10_000)
    session = made(tmp_path / "s.zarr", plan)
    monkeypatch.setattr(zarr.Array, "__setitem__", full_disk)

    def run():
        with session, session.writer(queue_bytes=64, commit_seconds=0.01) as writer:
            for first in range(0, 10_000, 10):
                writer.put(rows(first, first + 10))

    with pytest.raises(StoreError, match=r"No space left.*make room"):
        run()


def test_an_error_in_the_last_chunk_surfaces_at_the_end(tmp_path, monkeypatch):
    session = made(tmp_path / "s.zarr", layout())
    writer = session.writer().__enter__()
    writer.put(rows(0, 11))
    monkeypatch.setattr(zarr.Array, "__setitem__", full_disk)
    with pytest.raises(StoreError, match="make room"):
        writer.__exit__(None, None, None)


def test_codecs_that_change_numbers_are_found_out_at_once(tmp_path, monkeypatch):
    def wrong(array, where):
        return zarr.Array.get_basic_selection(array, where) + 1

    with made(tmp_path / "s.zarr", layout()) as session:
        writer = session.writer().__enter__()
        writer.put(rows(0, 11) | window(2))
        monkeypatch.setattr(zarr.Array, "__getitem__", wrong)
        with pytest.raises(StoreError, match="is not what is read back: use another compression"):
            writer.__exit__(None, None, None)
        monkeypatch.undo()


def interrupted(path, plan, stop: int, step: int) -> None:
    with suppress(KeyboardInterrupt), made(path, plan) as session, session.writer() as writer:
        writer.put(rows(0, stop), mark(step, b"here"))
        raise KeyboardInterrupt


@pytest.mark.parametrize("stop", [1, 3, 4, 5, 8, 10])
def test_a_region_goes_on_where_it_was_left_within_chunks_too(tmp_path, stop):
    from parasim.io import Encoding

    plan = layout(encoding=Encoding(chunk_rows=4))
    interrupted(tmp_path / "s", plan, stop, step=stop)
    with StoreSession.resume(tmp_path / "s", plan) as session:
        start = session.start(0)
        assert (start.checkpoint, start.commit.step, start.commit.rows) == (b"here", stop, stop)
        with session.writer(0, start.commit) as writer:
            writer.put(rows(stop, 11) | window(2))
    dataset = open_run(tmp_path / "s")
    np.testing.assert_array_equal(dataset["x"], np.arange(11))
    np.testing.assert_array_equal(dataset["u"], rows(0, 11)["u"])


def test_rows_behind_the_last_mark_are_kept_but_made_again(tmp_path):
    """As of a shorter last window, which a longer run makes again at its full length."""
    plan = layout()
    with (
        suppress(KeyboardInterrupt),
        made(tmp_path / "s", plan) as session,
        session.writer() as writer,
    ):
        writer.put(rows(0, 6) | window(), mark(5))
        writer.put(rows(6, 11) | window())
        raise KeyboardInterrupt
    with StoreSession.resume(tmp_path / "s", plan) as session:
        commit = session.start(0).commit
        assert (commit.rows, commit.windows) == (11, 2)
        assert (commit.checkpoint_rows, commit.checkpoint_windows, commit.step) == (6, 1, 5)


def test_a_run_whose_store_was_taken_writes_no_more(tmp_path):
    plan = layout()

    def run():
        with made(tmp_path / "s", plan) as session, session.writer() as writer:
            writer.put(rows(0, 6), mark(5))
            StoreSession.resume(tmp_path / "s", plan, force_unlock=True)

    with pytest.raises(StoreError, match=r"taken over by process .*what it committed stays"):
        run()
    assert open_run(tmp_path / "s").sizes["time"] == 0


def test_the_queue_is_bounded(tmp_path, monkeypatch):
    """No more is kept than was allowed, and one parcel in work."""
    plan, waiting = layout(rows=1000), []
    with made(tmp_path / "s", plan) as session:
        writer = session.writer(queue_bytes=1000)
        written = RegionWriter._try_to_write

        def slow(self, parcel):
            waiting.append(self._waiting_bytes)
            time.sleep(0.002)
            written(self, parcel)

        monkeypatch.setattr(RegionWriter, "_try_to_write", slow)
        with writer:
            for first in range(0, 1000, 10):
                writer.put(rows(first, first + 10))
    assert len(waiting) == 100
    assert max(waiting) <= 1000
    np.testing.assert_array_equal(open_run(tmp_path / "s")["x"], np.arange(1000))
