"""What is damaged is computed again, and comes out the same."""

import json

import numpy as np
import pytest

import parasim
from parasim import Encoding, ParallelNewton, SolverError, simulate
from parasim.io import Damage, verify_store
from parasim.simulation import damaged_windows, plan_stored, resume_plan, stored_attributes

RUN = {
    "t1": 3.0,
    "dt": 0.01,
    "every": 2,
    "solver": ParallelNewton(steps=32, mode="sequential"),
    "encoding": Encoding(chunk_rows=16, keep_bits=30),
}


def bits(dataset):
    return {str(name): v.values.tobytes() for name, v in dataset.variables.items()}


def repaired(store):
    attributes = stored_attributes(store)
    resume_plan(plan_stored(store, attributes), store, attributes, mend=True)
    assert verify_store(store).sound
    return parasim.open(store)


def test_missing_and_damaged_files_come_out_the_same(tmp_path):
    store = tmp_path / "s"
    whole = bits(simulate("lorenz63", **RUN, store=store))
    (store / "x" / "c" / "0").unlink()
    (store / "y" / "c" / "9").write_bytes(b"?")
    (store / "y" / "c" / "5").unlink()
    (store / "cost" / "c" / "0").write_bytes(b"")
    (store / "time" / "c" / "0").write_bytes(b"")
    (store / "window_time" / "c" / "0").unlink()
    assert len(verify_store(store).damages) == 6
    assert bits(repaired(store)) == whole


def test_only_what_is_damaged_is_written(tmp_path):
    store = tmp_path / "s"
    simulate("lorenz63", **RUN, store=store)
    before = {path: path.stat().st_mtime_ns for path in store.rglob("c/*") if path.is_file()}
    (store / "x" / "c" / "3").unlink()
    repaired(store)
    changed = [path for path, when in before.items() if path.stat().st_mtime_ns != when]
    assert changed == [store / "x" / "c" / "3"]


@pytest.mark.slow
def test_a_sweep_is_repaired_region_by_region_and_lost_ones_are_begun_again(tmp_path):
    store = tmp_path / "s"
    run = RUN | {"sweep": {"rho": [10.0, 20, 28]}, "batch": 1}
    whole = bits(simulate("lorenz63", **run, store=store))
    (store / "x" / "c" / "1" / "2").unlink()
    (store / "rho" / "c" / "0").unlink()
    (store / "parasim_run" / "commit" / "c" / "2" / "0").write_bytes(b"?")
    assert verify_store(store).lost == (2,)
    assert bits(repaired(store)) == whole


def test_an_interrupted_run_is_repaired_and_finished(tmp_path, monkeypatch):
    monkeypatch.setattr("parasim.simulation.running._compile._CALL_STEPS", 1)
    store = tmp_path / "s"

    def stop(progress):
        if progress.windows >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate("lorenz63", **RUN, store=store, progress=stop)
    (store / "x" / "c" / "2").unlink()
    assert bits(repaired(store)) == bits(simulate("lorenz63", **RUN))


def test_the_store_of_a_run_that_failed_is_repaired_and_stays_what_it_is(tmp_path):
    store = tmp_path / "s"
    solver = ParallelNewton(steps=2, mode="sequential")
    with pytest.raises(SolverError):
        simulate("lorenz63", t1=15.0, dt=0.15, solver=solver, store=store)
    before = bits(parasim.open(store))
    assert parasim.open(store).sizes["window"] > 0
    (store / "x" / "c" / "0").unlink()
    again = repaired(store)
    assert bits(again) == before
    assert again.attrs["status"] == "failed"


def test_the_windows_that_a_file_is_about():
    configuration = {"every": 3, "solver": {"steps": 10}}

    def windows(first, stop, along="time"):
        damage = Damage("x", "x/c/0", 0, first, stop, along, "missing")
        return list(damaged_windows(damage, configuration))

    assert windows(0, 1) == [0]  # the initial state
    assert windows(0, 4) == [0]  # steps 0, 3, 6, 9
    assert windows(3, 5) == [0, 1]  # steps 9 and 12
    assert windows(4, 7) == [1]  # steps 12, 15, 18
    assert windows(2, 5, "window") == [2, 3, 4]


def test_the_configuration_is_in_the_store(tmp_path):
    simulate("lorenz63", **RUN, store=tmp_path / "s")
    configuration = stored_attributes(tmp_path / "s")["configuration"]
    assert configuration == json.loads(parasim.open(tmp_path / "s").attrs["configuration"])
    assert np.isclose(configuration["dt"], 0.01)
