"""`parasim cite`: finished, interrupted and running stores."""

import json
from pathlib import Path

import pytest
import zarr

from parasim._bibtex import split_entries
from parasim.cli._interruption import INTERRUPTED
from parasim.io._lock import Lock
from parasim.io._objects import open_objects

RUN = "run lorenz63 --out s.zarr --t1 1 --dt 0.01 --steps 16 --solver euler --quiet "


def keys(parasim):
    result = parasim("cite s.zarr")
    assert result.exit_code == 0, result.output
    found = split_entries(result.output)
    assert len(found) == result.output.count("@")  # each of them once
    return found.keys()


def open_store():
    return zarr.open_group(open_objects(Path("s.zarr")), mode="r+")


@pytest.fixture
def stepped(parasim):
    assert parasim(RUN + "--mode sequential").exit_code == 0


def test_a_run_in_steps_needs_no_method_that_is_parallel_in_time(parasim, stepped):
    found = keys(parasim)
    assert {"lorenz1963deterministic", "kidger2021on", "parasim"} <= found
    assert not {"lim2024parallelizing", "gander2007analysis"} & found


def test_a_run_that_was_parallel_in_time_names_the_method(parasim, stepped):
    group = open_store()
    group["iterations"][-1] = 3
    expected = {"lim2024parallelizing", "gonzalez2025predictability", "gander2007analysis"}
    assert expected <= keys(parasim)
    text = group.attrs["configuration"]
    group.attrs["configuration"] = text.replace('"interval": 8', '"interval": 1')
    assert expected - keys(parasim) == {"gander2007analysis"}  # one step is no shooting interval


def test_a_store_that_is_being_written(parasim, stepped):
    open_store().attrs["status"] = "running"
    with Lock(open_objects(Path("s.zarr")), "s.zarr"):
        assert "lorenz1963deterministic" in keys(parasim)


def test_a_run_that_was_interrupted(parasim, monkeypatch):
    monkeypatch.setattr("parasim.simulation.running._execute.put_rows", interrupt)
    assert parasim(RUN + "--mode sequential").exit_code == INTERRUPTED
    assert "lorenz1963deterministic" in keys(parasim)


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_the_entries_are_those_of_the_store_not_of_what_is_installed(parasim, stepped):
    open_store().attrs["bibtex"] = "@misc{gone, note={a plugin that is not installed any more}}"
    assert keys(parasim) == {"gone"}


def test_what_is_no_store_is_said(parasim):
    result = parasim("cite s.zarr")
    assert result.exit_code == 4
    assert "there is no store s.zarr" in result.output


def test_info_shows_where_the_code_came_from(parasim, stepped):
    state = {"/home/me/model": {"commit": "0123456789abcdef", "dirty": True}}
    plugins = [{"module": "a.b", "distribution": "a", "version": "1.2"}, {"module": "__main__"}]
    open_store().attrs.update({"git": json.dumps(state), "plugins": json.dumps(plugins)})
    shown = parasim("info s.zarr").output
    assert "/home/me/model at 01234567, with changes that were not committed" in shown
    assert "a.b of a 1.2" in shown
    assert "__main__" in shown
