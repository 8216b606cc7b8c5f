"""Decisions about systems at the edge of what they are made for: right answers or clear errors."""

import diffrax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton, newton_scan
from tests.problems import PARALLEL_PAYS, Problem, run
from tests.truth_systems import no_derivative

STEP = 1 / 128
SHRINKS = 1 - STEP + STEP**2 / 2  # a step of Heun's method on y' = -y


def _solver(**options):
    return ParallelNewton(diffrax.Heun(), **{"steps": 64, "costs": PARALLEL_PAYS, **options})


def _decay_or_stand(t, y, standing):
    """y' = -y, or y' = -sqrt |y|: that stands still at zero, where its derivative is infinite."""
    return jnp.where(standing, -jnp.sqrt(jnp.abs(y)), -y)


def _decayed(y0, count=256, **options):
    problem = Problem(_decay_or_stand, y0, STEP, count)
    return run(problem, _solver(**options), args=jnp.array(False))


def test_one_variable_is_solved_in_parallel():
    solution = _decayed([2.0])
    np.testing.assert_allclose(solution.ys[-1], 2 * SHRINKS**256, rtol=1e-12)
    windows = parasim.windows(solution)
    np.testing.assert_array_equal(windows["mode"], 1)
    np.testing.assert_allclose(windows["growth_rate"], np.log(SHRINKS) / STEP, rtol=1e-9)


def test_jacobians_that_are_not_finite_are_no_reason_to_fail():
    """Newton's method has nothing to go by; the windows are stepped through."""
    problem = Problem(_decay_or_stand, [0.0], STEP, 256)
    solution = run(problem, _solver(), args=jnp.array(True))
    np.testing.assert_array_equal(solution.ys, 0)
    np.testing.assert_array_equal(parasim.windows(solution)["mode"], 0)
    assert np.isfinite(solution.solver_state.history.tangent).all()


@pytest.mark.slow
def test_a_thousand_variables_are_solved_in_parallel():
    solution = _decayed(np.linspace(1, 2, 1000))
    exact = np.linspace(1, 2, 1000) * SHRINKS**256
    np.testing.assert_allclose(solution.ys[-1], exact, rtol=1e-12)
    np.testing.assert_array_equal(parasim.windows(solution)["mode"], 1)


def test_windows_of_a_step_are_stepped_through():
    solution = _decayed([2.0], count=5, steps=1)
    np.testing.assert_allclose(solution.ys[-1], 2 * SHRINKS**5, rtol=1e-12)
    windows = parasim.windows(solution)
    np.testing.assert_array_equal(windows["mode"], 0)
    assert all("on this device" in reason for reason in windows["reason"])


@pytest.mark.parametrize(
    ("mode", "why"),
    [("sequential", "stepping was asked for"), ("auto", "the steps have no derivative")],
)
def test_without_a_derivative_steps_are_made_one_after_the_other(mode, why):
    solution = run(Problem(no_derivative, [1.0], STEP, 64), _solver(mode=mode))
    np.testing.assert_allclose(solution.ys[-1], SHRINKS**64, rtol=1e-12)
    assert set(parasim.windows(solution)["reason"]) == {why}


@pytest.mark.parametrize("mode", ["parallel", parasim.GrowthThreshold()])
def test_without_a_derivative_there_is_no_newton_method(mode):
    with pytest.raises(ConfigError, match=r"mode='sequential'.*custom_jvp"):
        run(Problem(no_derivative, [1.0], STEP, 64), _solver(mode=mode))


def test_a_recurrence_without_a_derivative_is_stepped_through():
    def f(c, x):
        return no_derivative(0, c, None) / 2, None

    def end(**options):
        return newton_scan(f, jnp.ones(2), length=128, window=128, **options)[0]

    np.testing.assert_allclose(end(mode="sequential"), 0.5**128, rtol=1e-12)
    np.testing.assert_allclose(end(costs=PARALLEL_PAYS), 0.5**128, rtol=1e-12)


def test_integers_are_stepped_through():
    end, _ = newton_scan(lambda c, x: (c + 1, None), 0, length=256, costs=PARALLEL_PAYS)
    assert end == 256


def test_what_cannot_be_calibrated_is_refused():
    def calibrate(field, y0):
        return parasim.calibrate(diffrax.ODETerm(field), _solver(), y0, dt0=STEP, save=False)

    with pytest.raises(ConfigError, match=r"floating point.* int64"):
        calibrate(lambda t, y, args: -y, jnp.array([1, 2]))
    with pytest.raises(ConfigError, match="custom_jvp"):
        calibrate(no_derivative, jnp.ones(2))
