"""What `python benchmarks/suite` rests on: a benchmark that is broken is not noticed otherwise."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def timing(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("suite.timing")


def _inputs(n):
    return (jnp.asarray(float(n)),)


def test_contestants_take_turns_and_are_compiled_once_for_all_sizes(timing):
    traced = []

    def twice(x):
        traced.append("twice")
        return 2 * x

    def made_anew(n):
        def times(x):
            traced.append(n)
            return n * x

        return times

    contestants = {
        "twice": timing.Contestant(lambda _: twice),
        "anew": timing.Contestant(made_anew),
    }
    race = timing.Race(contestants, _inputs, 3, float("inf"))
    first, second = race.at(2), race.at(5)
    assert sorted(map(str, traced)) == ["2", "5", "twice"]
    assert [float(taken.result) for taken in second.values()] == [10, 25]
    assert len(first["twice"].every) == len(first["anew"].every) >= 3
    assert all(taken.scaled_from is None for taken in first.values())


def test_what_would_take_too_long_is_scaled_and_says_so(timing):
    contestants = {"same": timing.Contestant(lambda _: lambda x: x)}
    race = timing.Race(contestants, _inputs, 3, 0.0)
    (measured,), (scaled,) = race.at(10).values(), race.at(1000).values()
    assert measured.scaled_from is None
    assert scaled.scaled_from == 10
    np.testing.assert_allclose(scaled.seconds, 100 * measured.seconds)
    np.testing.assert_allclose(scaled.ratio(measured), 100)


@pytest.fixture
def emulated(monkeypatch):
    """Kernels as on a GPU."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("PARASIM_KERNELS", "interpret")


@pytest.mark.slow
@pytest.mark.usefixtures("emulated")
def test_fused_steps_are_an_opponent_of_the_same_steps_where_there_are_kernels():
    module = import_module("suite.same_discretisation")
    problems = [import_module("suite.problems").lorenz63(10.0)]
    rows = module.measure([16], 1, 5.0, 16, problems).rows
    (fused,) = (row for row in rows if row["by"] == "parasim fused sequential")
    assert fused["/ fused sequential"] == 1
    assert fused["differs"] < 1e-14
    (parallel,) = (row for row in rows if row["by"] == "parasim parallel")
    assert parallel["/ fused sequential"] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("emulated")
def test_the_fused_scan_is_timed_where_there_are_kernels_for_matrices_that_are_small():
    small, large = import_module("suite.scans").measure([40], [2, 12], 1, 5.0).rows
    assert small["fused scan /"] > 0
    assert small["differ"] < 1e-14
    assert large["fused scan /"] is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "table",
    ["same_discretisation", "work_precision", "recurrences", "gradients", "scans", "automatic"],
)
def test_a_table_is_measured_and_written(table, tmp_path):
    command = [sys.executable, BENCHMARKS / "suite", "--tables", table, "--out", tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    question = json.loads((tmp_path / f"{table}.json").read_text())
    assert question["rows"]
    assert not any("fused" in column for column in question["rows"][0])
    assert question["asks"] in (tmp_path / "tables.md").read_text()
