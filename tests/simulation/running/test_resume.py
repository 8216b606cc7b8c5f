"""A run that was interrupted goes on to the same bits, or says why it cannot."""

import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import parasim
from parasim import ConfigError, ParallelNewton, SolverError, StoreError, simulate
from parasim.io._create import begin_store
from parasim.simulation import stored_attributes
from tests.simulation.running.killed_run import run

SCRIPT = Path(__file__).with_name("killed_run.py")
SHORT = {"t1": 3.0, "dt": 0.01, "solver": ParallelNewton(steps=32, mode="sequential")}


def bits(dataset: xr.Dataset) -> dict[str, bytes]:
    return {str(name): v.values.tobytes() for name, v in dataset.variables.items()}


def started(store: Path, mode: str, kill: int, cache: Path) -> int:
    """Run until the kill-th write of a file; return the exit code."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(SCRIPT.parents[3]),
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, str(SCRIPT), str(store), mode, str(kill)]
    return subprocess.run(command, env=environment, check=False).returncode


def check_what_is_left(store: Path, whole: xr.Dataset, before: int) -> int:
    """Check that a killed run's store opens and holds what it should; return how much that is."""
    if not (store / "zarr.json").exists():
        assert before == 0
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = xr.open_zarr(store).load()
    if not plain.data_vars:
        assert before == 0
        return 0
    dataset = parasim.open(store).load()
    assert dataset.attrs["status"] in ("interrupted", "complete")
    rows, windows = dataset.sizes["time"], dataset.sizes["window"]
    for name, array in dataset.data_vars.items():
        count = rows if "time" in array.dims else windows
        assert array.values.tobytes() == whole[name].values[:count].tobytes()
        assert plain[name].values[:count].tobytes() == array.values.tobytes()
    assert rows >= before, "what was committed is lost"
    return rows


def check_kills(tmp_path: Path, mode: str, kills: list[int]) -> None:
    whole = run(tmp_path / "whole", mode).load()
    store, rows, codes = tmp_path / "killed", 0, []
    for kill in kills:
        codes.append(started(store, mode, kill, tmp_path / "cache"))
        rows = check_what_is_left(store, whole, rows)
    assert -9 in codes
    assert bits(run(store, mode)) == bits(whole)


@pytest.fixture(autouse=True)
def commits_as_before(monkeypatch):
    from parasim.io import RegionWriter

    defaults = dict(RegionWriter.__init__.__kwdefaults__ or {})
    yield
    monkeypatch.setattr(RegionWriter.__init__, "__kwdefaults__", defaults)
    monkeypatch.setattr("parasim.io._writer._LEAST_SHARE", 50)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_run_killed_three_times_comes_to_the_same_bits(tmp_path):
    check_kills(tmp_path, "sequential", random.sample(range(2, 60), 3))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("mode", ["sequential", "parallel", "auto"])
@pytest.mark.parametrize("part", range(7))
def test_a_run_killed_two_hundred_times_comes_to_the_same_bits(tmp_path, mode, part):
    """10 kills each: 210 in all, at every one of the first writes among them."""
    check_kills(
        tmp_path, mode, [*range(1 + part * 5, 6 + part * 5), *random.sample(range(40, 150), 5)]
    )


def interrupted(after: int, **options):
    """Run until so many windows are done, then press Ctrl-C."""

    def press(progress):
        if progress.windows >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate("lorenz63", **(SHORT | options), progress=press)


@pytest.fixture
def one_window_per_call(monkeypatch):
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_STEPS", 1)


@pytest.mark.usefixtures("one_window_per_call")
def test_ctrl_c_commits_and_resume_goes_on(tmp_path):
    store = tmp_path / "s.zarr"
    interrupted(after=4, store=store)
    left = parasim.open(store)
    assert left.attrs["status"] == "interrupted"
    assert 4 <= left.sizes["window"] < 10
    seen = []
    whole = simulate("lorenz63", **SHORT, store=store, resume=True, progress=seen.append)
    assert seen[0].steps > 4 * 32
    assert seen[-1].new_steps == 300 - left.sizes["window"] * 32
    assert whole.attrs["status"] == "complete"
    assert bits(whole)["x"] == bits(simulate("lorenz63", **SHORT))["x"]


def test_resume_of_nothing_begins_and_of_something_complete_does_nothing(tmp_path):
    store = tmp_path / "s.zarr"
    first = simulate("lorenz63", **SHORT, store=store, resume=True)
    files = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    second = simulate("lorenz63", **SHORT, store=store, resume=True)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == files
    assert bits(first) == bits(second)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"params": {"rho": 20}}, r"set\.rho was 28\.0 and is 20\.0"),
        ({"dtype": "float32"}, 'dtype was "float64" and is "float32"'),
        ({"every": 2}, "every was 1 and is 2"),
        ({"y0": {"x": 5}}, r"y0\.x was 1\.0 and is 5\.0"),
        ({"t1": 2.0}, r"t1 was 3\.0 and is 2\.0"),
        ({"solver": ParallelNewton(steps=64)}, r"solver\.steps was 32 and is 64"),
        ({"encoding": parasim.Encoding(compression="lz4")}, r'encoding\.compression was "none"'),
    ],
)
def test_another_run_is_refused_with_what_differs(tmp_path, changes, difference, monkeypatch):
    store = tmp_path / "s.zarr"
    simulate("lorenz63", **SHORT, store=store)
    before = bits(parasim.open(store))
    with pytest.raises(ConfigError, match=rf"another run.*{difference}.*write another store"):
        simulate("lorenz63", **(SHORT | changes), store=store, resume=True)
    assert bits(parasim.open(store)) == before


def test_other_equations_and_other_versions_are_refused(tmp_path, monkeypatch):
    def field(rate):
        return lambda t, y, args: -rate * y

    store = tmp_path / "s.zarr"
    simulate(field(1.0), y0=1.0, **SHORT, store=store)
    simulate(field(1.0), y0=1.0, **SHORT, store=store, resume=True)
    with pytest.raises(ConfigError, match=r"equations was .* and is"):
        simulate(field(2.0), y0=1.0, **SHORT, store=store, resume=True)
    from parasim.simulation.provenance import _environment

    version = _environment.version
    monkeypatch.setattr(
        _environment, "version", lambda name: "0.1" if name == "jaxlib" else version(name)
    )
    with pytest.raises(ConfigError, match=r'version\.jaxlib was .* and is "0\.1"'):
        simulate(field(1.0), y0=1.0, **SHORT, store=store, resume=True)


def test_costs_that_were_measured_anew_do_not_change_a_run(tmp_path):
    """They decide, so they are those of the start."""
    from parasim import DeviceCosts

    store = tmp_path / "s.zarr"

    def options(costs):
        return SHORT | {"solver": ParallelNewton(steps=32, mode="sequential", costs=costs)}

    simulate("lorenz63", **options(DeviceCosts(1.0, 8.0, 0.0, 2.0)), store=store)
    again = simulate(
        "lorenz63",
        **options(DeviceCosts(1.0, 9.0, 0.0, 2.0)),
        store=store,
        resume=True,
    )
    assert '"iteration": 8.0' in again.attrs["configuration"]


def test_what_failed_is_not_tried_again(tmp_path):
    store = tmp_path / "s.zarr"
    options = {"params": {"rho": 500}, "dt": 0.3, "t1": 300.0, "store": store}
    with pytest.raises(SolverError, match="stopped being finite"):
        simulate("lorenz63", **options)
    with pytest.raises(SolverError, match=r"failed at t = .* would fail there again"):
        simulate("lorenz63", **options, resume=True)
    assert parasim.open(store).attrs["status"] == "failed"


@pytest.mark.parametrize(
    ("t1", "mode"),
    [
        (3.0, "sequential"),
        (3.2, "sequential"),
        pytest.param(3.0, "parallel", marks=pytest.mark.slow),
        pytest.param(3.2, "parallel", marks=pytest.mark.slow),
    ],
)
def test_a_lengthened_run_is_the_longer_run(tmp_path, t1, mode):
    """Also where the last window was a shorter one."""
    solver = ParallelNewton(steps=32, mode=mode)
    run = {"dt": 0.01, "solver": solver, "every": 3}
    simulate("lorenz63", **run, t1=t1, store=tmp_path / "s")
    longer = simulate("lorenz63", **run, t1=6.4, store=tmp_path / "s", resume=True)
    whole = simulate("lorenz63", **run, t1=6.4)
    assert bits(longer) == bits(whole)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bits(xr.open_zarr(tmp_path / "s")) == bits(whole)
    assert '"t1": 6.4' in longer.attrs["configuration"]


@pytest.mark.usefixtures("one_window_per_call")
def test_an_interrupted_run_is_resumed_before_it_is_lengthened(tmp_path):
    interrupted(after=2, store=tmp_path / "s")
    with pytest.raises(ConfigError, match="resume it, then extend it"):
        simulate("lorenz63", **(SHORT | {"t1": 4.0}), store=tmp_path / "s", resume=True)


def test_a_run_shorter_than_a_window_cannot_be_lengthened(tmp_path):
    run = {"dt": 0.01, "solver": ParallelNewton(steps=1024, mode="sequential")}
    short = bits(simulate("lorenz63", **run, t1=3.0, store=tmp_path / "s"))
    with pytest.raises(ConfigError, match=r"shorter than a window .* --overwrite and t1 = 4"):
        simulate("lorenz63", **run, t1=4.0, store=tmp_path / "s", resume=True)
    assert bits(parasim.open(tmp_path / "s")) == short


def test_a_store_that_was_only_begun_is_begun_again(tmp_path):
    begin_store(tmp_path / "s")
    with pytest.raises(StoreError, match="run its command again"):
        stored_attributes(tmp_path / "s")
    whole = simulate("lorenz63", **SHORT, store=tmp_path / "s", resume=True)
    assert whole.attrs["status"] == "complete"


def test_an_extension_that_is_killed_leaves_the_old_run_or_the_new_one(tmp_path, monkeypatch):
    from parasim.io import _extend

    run = {"dt": 0.01, "solver": ParallelNewton(steps=32, mode="sequential")}
    whole = bits(simulate("lorenz63", **run, t1=4.0))
    short = bits(simulate("lorenz63", **run, t1=3.0, store=tmp_path / "s"))
    write = _extend.write_object

    class Killed(BaseException):
        pass

    for writes in (0, 1, 5, 17):
        left = iter(range(writes))

        def killed(*args, left=left):
            if next(left, None) is None:
                raise Killed
            write(*args)

        monkeypatch.setattr(_extend, "write_object", killed)
        with pytest.raises(Killed):
            simulate("lorenz63", **run, t1=4.0, store=tmp_path / "s", resume=True)
        monkeypatch.undo()
        assert bits(parasim.open(tmp_path / "s"))["x"] == short["x"]
        simulate("lorenz63", **run, t1=3.0, store=tmp_path / "s", resume=True)
    longer = simulate("lorenz63", **run, t1=4.0, store=tmp_path / "s", resume=True)
    assert bits(longer) == whole


@pytest.mark.slow
def test_a_store_of_an_ensemble_goes_on_too(tmp_path, monkeypatch):
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_STEPS", 1)
    options = {"members": 3, "batch": 2, "seed": 4}
    for after in (3, 14):
        store = tmp_path / f"s{after}"
        interrupted(after=after, store=store, **options)
        left = parasim.open(store)
        assert np.isnan(left["x"][2]).any()
        assert left.attrs["status"] == "interrupted"
        whole = simulate("lorenz63", **SHORT, **options, store=store, resume=True)
        assert bits(whole) == bits(simulate("lorenz63", **SHORT, **options))
