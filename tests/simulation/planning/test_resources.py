"""What a run needs of the machine, and that it is refused where there is not as much."""

import subprocess
import sys
from collections import namedtuple

import pytest
import xarray as xr

from parasim import ConfigError, ParallelNewton, StoreError, simulate
from parasim.simulation.planning._plan import make_plan
from parasim.simulation.running._compile import compile_plan

RUN = {"t1": 1.0, "dt": 0.001, "solver": ParallelNewton(steps=1000, mode="parallel")}
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture
def memory(monkeypatch):
    def there_are(count):
        for memory in ("main_memory", "device_memory"):
            monkeypatch.setattr(
                f"parasim.simulation.planning._resources.{memory}", lambda *_: count
            )

    return there_are


def test_windows_that_do_not_fit_into_memory_are_refused_and_nothing_is_written(tmp_path, memory):
    memory(10**5)
    with pytest.raises(ConfigError, match=r"there are 0\.0001 GB: choose fewer steps .*--steps"):
        simulate("lorenz63", **RUN, store=tmp_path / "s.zarr")
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
def test_jacobians_count_in_parallel_windows():
    def needed(sites):
        return compile_plan(make_plan("lorenz96", **RUN, params={"sites": sites})).memory

    many = needed(40)
    assert many > 8 * 125 * 40**2  # 125 intervals
    assert many > 3 * needed(20)


def test_a_result_that_does_not_fit_into_memory_is_refused(memory):
    memory(10**4)
    with pytest.raises(ConfigError, match="name a store to write it to, or save fewer states"):
        simulate("lorenz63", **RUN)


def test_where_the_memory_is_not_known_nothing_is_refused(memory):
    memory(None)
    assert simulate("lorenz63", t1=0.1, dt=0.01).attrs["status"] == "complete"


def test_a_store_that_does_not_fit_on_the_disk_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**4, 0, 10**4))
    with pytest.raises(StoreError, match="save fewer states with --every"):
        simulate("lorenz63", **RUN, store=tmp_path / "folder" / "s.zarr")
    assert not any(tmp_path.iterdir())


def test_the_room_of_a_store_that_is_replaced_counts_as_free(tmp_path, monkeypatch):
    run = {"t1": 1.0, "dt": 0.001, "store": tmp_path / "s.zarr"}
    simulate("lorenz63", **run)
    usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**4, 0, 10**4))
    assert simulate("lorenz63", **run, overwrite=True).attrs["status"] == "complete"


@pytest.mark.slow
def test_a_run_of_ten_million_steps_takes_less_than_a_gigabyte_of_memory(tmp_path):
    store = str(tmp_path / "s.zarr")
    run = f"run lorenz63 --t1 1e5 --dt 0.01 --quiet --out {store}".split()
    # In a process of its own: the peak of a child begins with that of the one that started it.
    command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "parasim", *run]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    peak = int(finished.stdout) * (1 if sys.platform == "darwin" else 1024)
    assert peak < 2**30
    assert xr.open_zarr(store, drop_variables="time")["x"].size == 10**7 + 1
