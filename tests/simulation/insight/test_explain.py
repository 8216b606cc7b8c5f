"""What is made of the records of a run; they are written down here, so that sums are known."""

import math

import numpy as np
import pytest

from parasim.integrators import REASONS
from parasim.integrators.decision import _decision as decision
from parasim.io import StoredWindows
from parasim.simulation.insight import _explain
from parasim.simulation.insight._explain import explain_store
from parasim.simulation.insight._outlook import outlook

COSTS = {"class": "DeviceCosts", "step": 2.0, "iteration": 20.0, "level": 0.0, "work": 0.0}
CONFIGURATION = {
    "t0": 1.0, "t1": 51.0, "dt": 0.1, "decision": {"class": "PredictedTime"},
    "solver": {"steps": 100, "method": {"interval": 10}, "costs": COSTS},
}  # fmt: skip
WORDS = tuple(text.replace(":", "") for text in REASONS)  # as they come back from a store


def stored(**changes):
    """Five windows of 100 steps: a trial, two in parallel, two stepped."""
    values = {
        "mode": [0, 1, 1, 0, 0],
        "fell_back": [1, 0, 0, 0, 0],
        "reason": [decision.TRIAL, decision.PAID, decision.PAID, *[decision.WAITING] * 2],
        "parallel_steps": [40, 100, 100, 0, 0],
        "iterations": [9, 2, 4, 0, 0],
        "predicted_iterations": [np.nan, 3, 5, 12, 14],
        "gain": [np.nan, 2, 2, 0.5, 0.5],
        "cost": [150, 30, 50, 100, 100],
        "wasted": [50, 0, 0, 0, 0],
        "growth_rate": [0.5, 1.5, 1.0, np.nan, np.nan],
        "exponent": [0.5, 1.0, 1.0, 1.0, 1.0],
        "exponent_error": [np.inf, 0.5, 0.3, 0.3, 0.3],
    }
    arrays = {name: np.atleast_2d(np.asarray(v, float)) for name, v in (values | changes).items()}
    arrays["reason"] = arrays["reason"].astype(int)
    attributes = {
        "title": "a system", "platform": "gpu", "device": "H200", "configuration": CONFIGURATION,
    }  # fmt: skip
    ends = 1 + 10.0 * np.arange(1, arrays["mode"].shape[1] + 1)
    return StoredWindows("complete", attributes, "s", ends, arrays, WORDS)


def test_stepping_is_reckoned_where_it_was_done(explained, monkeypatch):
    monkeypatch.setitem(COSTS, "host_step", 0.5)
    run = explained()
    assert (run.guess_cost, run.iteration_cost) == (2 * 10 / 0.5, 20 / 0.5)
    assert run.costs["host_step"] == 0.5
    monkeypatch.setitem(COSTS, "host_step", None)
    assert explained().guess_cost == 10


@pytest.fixture
def explained(monkeypatch):
    def explain(**changes):
        monkeypatch.setattr(_explain, "read_windows", lambda _: stored(**changes))
        return explain_store("s.zarr")

    return explain


def test_a_run_is_summed_up_in_steps(explained):
    run = explained()
    assert (run.windows, run.steps, run.window_time) == (5, 500, 10.0)
    assert (run.parallel_windows, run.fell_back, run.parallel_steps) == (2, 1, 240)
    assert (run.cost, run.wasted) == (430, 50)
    assert run.speed == pytest.approx(500 / 430)
    assert (run.iterations, run.predicted_iterations, run.predicted_windows) == (6, 8, 2)


def test_what_parallel_would_have_cost_is_what_it_did_or_was_predicted(explained):
    """30 and 50 as it was, twice 200 as predicted; nothing is known of the trial."""
    run = explained()
    assert run.parallel_known == 4
    assert run.parallel_cost == pytest.approx((30 + 50 + 200 + 200) / 400)
    nothing = explained(gain=[np.nan] * 5, mode=[0] * 5, parallel_steps=[0] * 5)
    assert nothing.parallel_known == 0
    assert math.isnan(nothing.parallel_cost)
    hopeless = explained(gain=[0.0] * 5, mode=[0] * 5)
    assert hopeless.parallel_known == 0


def test_prices_are_in_units_of_a_step(explained):
    run = explained()
    assert run.iteration_cost == 10
    assert run.guess_cost == 10  # a tenth of the steps


def test_windows_that_are_alike_are_one_stretch(explained):
    stretches = explained().stretches
    assert [(s.first, s.windows, s.how) for s in stretches] == [
        (1, 1, "fell back"),
        (2, 2, "parallel"),
        (4, 2, "stepped"),
    ]
    assert stretches[0].reason == REASONS[decision.TRIAL]
    assert math.isnan(stretches[0].predicted_iterations)
    middle = stretches[1]
    assert (middle.end, middle.steps, middle.cost) == (31.0, 200, 80)
    assert (middle.iterations, middle.predicted_iterations) == (6, 8)


def test_the_last_window_may_be_shorter(explained, monkeypatch):
    monkeypatch.setitem(CONFIGURATION, "t1", 46.0)
    assert explained().steps == 450


def test_an_ensemble_is_as_slow_as_its_slowest_member_and_led_by_one(explained):
    both = {name: np.repeat(array, 2, axis=0) for name, array in stored().values.items()}
    both["cost"][1] += 7
    both["mode"][0, 1] = 0
    both["reason"][0] = decision.BATCH
    run = explained(**both)
    assert run.cost == 430 + 5 * 7
    assert run.parallel_windows == 1
    assert run.stretches[0].reason == REASONS[decision.TRIAL]


def test_a_run_without_windows_yet_is_explained_as_nothing(explained):
    empty = {name: array[:, :0] for name, array in stored().values.items()}
    run = explained(**empty)
    assert run.windows == run.steps == 0
    assert run.stretches == ()
    assert run.outlook.kind == "unknown"
    assert math.isnan(run.speed)


def seen(rates, window_time=10.0, **changes):
    count = len(rates)
    flat = {name: np.zeros(count) for name in stored().values} | {
        "exponent": [np.mean(rates)] * count
    }
    return outlook(stored(**(flat | {"growth_rate": rates} | changes)), window_time)


def test_growth_that_is_certain_is_chaos_with_a_horizon():
    chaos = seen([0.9, 1.1] * 8)
    assert chaos.kind == "chaotic"
    assert chaos.exponent == chaos.folding_time == pytest.approx(1.0)
    assert chaos.growth == pytest.approx(10)
    assert chaos.measurement_horizon == pytest.approx(math.log(100))
    assert chaos.rounding_horizon == pytest.approx(math.log(2**52))
    assert not chaos.has_changed


def test_shrinking_is_predictable_and_so_is_standing_still():
    assert seen([-0.9, -1.1] * 8).kind == "predictable"
    assert seen([1e-9] * 16).kind == "neutral"
    assert seen([-0.02, 0.02] * 8).kind == "neutral"


def test_what_is_not_certain_is_unknown():
    assert seen([0.9, 1.1, 1.0]).kind == "unknown"
    assert seen([-3.0, 4.0] * 8).kind == "unknown"
    assert math.isinf(seen([0.9, 1.1, 1.0]).error)


def test_a_system_that_drifts_has_changed():
    rates = [-1.0] * 20 + [1.0] * 20
    assert seen([-1.0, 1.0] * 20, exponent=[9.0] * 40).has_changed
    assert not seen(rates, exponent=[0.1] * 40, exponent_error=[0.2] * 40).has_changed
