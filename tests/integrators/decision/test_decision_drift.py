"""Decisions on systems that change from predictable to chaotic, and back."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import DeviceCosts, GrowthThreshold, ParallelNewton
from parasim.integrators.newton._growth import RunningGrowth
from tests.problems import PARALLEL_PAYS, Problem, run

# Parallel pays for what converges at once, and not for chaos.
DEAR = DeviceCosts(step=1.0, iteration=30.0, level=5.0, work=0.0)


def _lorenz(y, rho):
    return jnp.stack([10 * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def _there_and_back(t, y, period):
    """Lorenz-63 with rho from 10 to 28 within the second eighth of a period, back in the fourth."""
    there = jnp.clip(8 * jnp.minimum(t / period - 1 / 8, 1 / 2 - t / period), 0, 1)
    return _lorenz(y, 10 + 18 * there)


def _fading(t, y, args):
    """Lorenz-63 whose rho decays from 60 to 10: no exponent is positive."""
    return jnp.append(_lorenz(y, y[3]), -0.01 * (y[3] - 10))


def _estimates(windows):
    """Return the running estimate that each window began with."""

    def body(estimate, rate):
        return estimate.with_one_more(rate), estimate.mean

    rates = jnp.asarray(windows["growth_rate"])
    return np.asarray(jax.lax.scan(body, RunningGrowth.unknown(rates.dtype), rates)[1])


def _drifting(count, steps, **options):
    period = jnp.asarray(count * steps * 0.01)
    problem = Problem(_there_and_back, [1.0, 2.0, 3.0], 0.01, count * steps)
    solver = ParallelNewton(diffrax.Heun(), steps=steps, log_length=count, **options)
    solution = run(problem, solver, args=period)
    return parasim.windows(solution), solution.solver_state.history


@pytest.mark.slow
def test_with_a_threshold_the_mode_follows_the_sign_of_the_estimate():
    count = 800
    windows, _ = _drifting(count, 128, mode=GrowthThreshold(0.0), costs=PARALLEL_PAYS)
    chaotic = _estimates(windows) > 0
    assert not chaotic[: count // 8].any()
    assert np.mean(chaotic[count // 4 : 3 * count // 8]) > 0.8
    assert not chaotic[-count // 8 :].any()
    turns = np.flatnonzero(np.diff(chaotic)) + 1
    settled = np.ones(count, bool)
    for turn in turns:
        settled[turn : turn + 2] = False
    np.testing.assert_array_equal(windows["mode"][settled], ~chaotic[settled])
    said = np.where(chaotic, "tangents grow too fast", "tangents shrink, or grow slowly enough")
    np.testing.assert_array_equal(windows["reason"][1:][settled[1:]], said[1:][settled[1:]])
    np.testing.assert_array_equal(windows["iterations"][settled] > 0, ~chaotic[settled])


@pytest.mark.slow
@pytest.mark.parametrize("steps", [256, 1024])
@pytest.mark.parametrize(
    "costs",
    [PARALLEL_PAYS, DEAR, DeviceCosts(step=1.0, iteration=100.0, level=5.0, work=0.0)],
    ids=["cheap", "dear", "dearer"],
)
def test_by_default_a_drift_costs_at_most_five_percent_more_than_stepping(costs, steps):
    windows, history = _drifting(102_400 // steps, steps, costs=costs)
    assert history.steps == 102_400
    assert history.spent <= 1.05 * costs.step * history.steps
    if costs.affordable_iterations(steps, 8) > 2:
        assert np.any(windows["mode"] == 1)


@pytest.mark.slow
def test_a_transient_that_grows_is_not_the_end_of_parallel():
    """For 120 units of time tangents grow, then they shrink."""
    problem = Problem(_fading, [1.0, 2.0, 3.0, 60.0], 0.01, 160 * 256)
    solver = ParallelNewton(diffrax.Heun(), steps=256, costs=DEAR, log_length=160)
    solution = run(problem, solver)
    windows, history = parasim.windows(solution), solution.solver_state.history
    stepped = windows["mode"] == 0
    assert np.mean(stepped[:48]) > 0.5
    assert np.nanmax(_estimates(windows)[stepped]) > 0.5
    np.testing.assert_array_equal(windows["mode"][-16:], 1)
    assert set(windows["reason"][-16:]) == {
        "the last pieces were delivered faster than by stepping"
    }
    assert history.spent < history.steps
