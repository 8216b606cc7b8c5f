"""Stores in icechunk repositories: the same code, and a history of commits."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import parasim
from parasim import ConfigError, ParallelNewton, StoreError, simulate
from parasim.io import verify_store
from parasim.io._icechunk import Repository
from parasim.io._objects import open_objects, remove_object, settle
from tests.stores import layout, made, mark, rows, window

icechunk = pytest.importorskip("icechunk")

RUN = {"t1": 3.0, "dt": 0.01, "solver": ParallelNewton(steps=32, mode="sequential")}

# Runs until the so manieth commit, and is killed before it or after it.
KILLED = """
import os, signal, sys
from parasim import ParallelNewton, simulate
from parasim.io import RegionWriter, _icechunk, _writer
RegionWriter.__init__.__kwdefaults__["commit_seconds"] = _writer._LEAST_SHARE = 0
left, settle = iter(range(int(sys.argv[2]))), _icechunk.Repository.settle
def killed(self, message):
    last = next(left, None) is None
    if last and sys.argv[3] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    settle(self, message)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
_icechunk.Repository.settle = killed
solver = ParallelNewton(steps=32, mode="sequential")
simulate("lorenz63", t1=3.0, dt=0.01, solver=solver, store=sys.argv[1], resume=True)
"""


@pytest.fixture
def url(tmp_path):
    return f"icechunk://{tmp_path}/run"


def bits(dataset):
    return {str(name): v.values.tobytes() for name, v in dataset.variables.items()}


def committed(url):
    """Return the bytes of x that count; none where a store was only begun."""
    try:
        return parasim.open(url)["x"].values.tobytes()
    except StoreError:
        return b""


def messages(url):
    storage = icechunk.local_filesystem_storage(url.removeprefix("icechunk://"))
    repository = icechunk.Repository.open(storage)
    return [snapshot.message for snapshot in repository.ancestry(branch="main")]


@pytest.mark.slow
def test_a_run_into_a_repository_is_interrupted_resumed_lengthened_and_replaced(url, monkeypatch):
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_STEPS", 1)

    def stop(progress):
        if progress.windows >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate("lorenz63", **RUN, store=url, progress=stop)
    assert parasim.open(url).attrs["status"] == "interrupted"
    assert bits(simulate("lorenz63", **RUN, store=url, resume=True)) == bits(
        simulate("lorenz63", **RUN)
    )
    assert not verify_store(url).damages
    assert "part 0: 301 rows, complete" in messages(url)

    with pytest.raises(StoreError, match="already exists"):
        simulate("lorenz63", **RUN, store=url)
    longer = simulate("lorenz63", **(RUN | {"t1": 4.0}), store=url, resume=True)
    assert longer.sizes["time"] == 401
    simulate("lorenz63", **(RUN | {"t1": 1.0}), store=url, overwrite=True)
    assert parasim.open(url).sizes["time"] == 101


def test_plain_xarray_reads_it(url):
    run = simulate("lorenz63", **RUN, store=url)
    storage = icechunk.local_filesystem_storage(url.removeprefix("icechunk://"))
    store = icechunk.Repository.open(storage).readonly_session("main").store
    assert bits(xr.open_zarr(store)) == bits(run)


def test_a_chunk_that_is_missing_is_found_and_computed_again(url):
    whole = bits(simulate("lorenz63", **RUN, store=url))
    store = open_objects(url)
    remove_object(store, "x/c/0")
    settle(store, "damaged")
    assert [damage.key for damage in verify_store(url).damages] == ["x/c/0"]
    from parasim.simulation import plan_stored, resume_plan, stored_attributes

    attributes = stored_attributes(url)
    resume_plan(plan_stored(url, attributes), url, attributes, mend=True)
    assert bits(parasim.open(url)) == whole


def test_nothing_counts_before_the_commit(url):
    with made(url, layout()) as session, session.writer(commit_seconds=1e9) as writer:
        writer.put({**rows(0, 6), **window()}, mark(5))
        assert parasim.open(url).sizes["time"] == 0
    assert parasim.open(url).sizes["time"] == 6


def test_one_writer_at_a_time(url):
    with made(url, layout()), pytest.raises(StoreError, match="is being written by process"):
        made(url, layout(), overwrite=True)


def test_who_was_robbed_of_the_lock_stops(url):
    first = made(url, layout())
    second = made(url, layout(), overwrite=True, force_unlock=True)
    with pytest.raises(StoreError, match="taken over"), first, first.writer() as writer:
        writer.put({**rows(0, 6), **window()}, mark(5))
    with second, second.writer() as writer:
        writer.put({**rows(0, 11), **window(2)}, mark(10))
    np.testing.assert_array_equal(parasim.open(url)["x"], rows(0, 11)["x"])


def test_commits_of_several_writers_to_different_parts_are_joined(url):
    with made(url, layout()):
        pass
    first, second = open_objects(url), open_objects(url)
    assert isinstance(first, Repository)
    import zarr

    zarr.open_group(first, mode="r+").attrs["a"] = 1
    zarr.open_array(second, path="x", mode="r+")[:] = 7.0
    settle(first, "attributes")
    settle(second, "rows")
    there = zarr.open_group(open_objects(url, read_only=True), mode="r")
    assert there.attrs["a"] == 1
    assert np.all(there["x"][:] == 7.0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_around_every_commit_comes_to_the_same_bits(url, when, tmp_path):
    whole = bits(simulate("lorenz63", **RUN))
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}
    held = 0
    for count in range(8):
        command = [sys.executable, "-c", KILLED, url, str(count), when]
        subprocess.run(command, env=environment, check=False, cwd=Path(__file__).parents[2])
        left = committed(url)
        assert left == whole["x"][: len(left)]
        assert len(left) >= held, "what was committed is lost"
        held = len(left)
    assert held
    assert bits(simulate("lorenz63", **RUN, store=url, resume=True)) == whole


def test_what_is_not_there_or_not_allowed_is_said(url, tmp_path):
    with pytest.raises(StoreError, match="is no zarr store"):
        parasim.open(url)
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="is no icechunk repository: choose another path"):
        simulate("lorenz63", **RUN, store=url)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]
    with pytest.raises(ConfigError, match=r"one process only.*icechunk\+s3://"):
        simulate("lorenz63", **RUN, sweep={"rho": [1, 2]}, workers=2, store=url)
