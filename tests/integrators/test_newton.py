import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators._guess import coarse_guess, constant_guess
from parasim.integrators._intervals import Intervals
from parasim.integrators._newton import NewtonOptions, newton


def _options(interval=4, max_iterations=50, restart_every=5, rtol=1e-10):
    return NewtonOptions(interval, rtol, rtol, max_iterations, restart_every)


def _solve(step, y0, inputs, options):
    intervals = Intervals(step, inputs, options.interval)
    found = newton(intervals, y0, constant_guess(y0), options)
    return found, intervals.states(intervals.starts(y0, found.ends))


def _stepped(step, y0, inputs):
    return jax.lax.scan(lambda y, x: (step(y, x),) * 2, y0, inputs)[1]


def _contracting(y, x):
    return 0.9 * jnp.tanh(jnp.array([[0.5, -0.8], [0.8, 0.3]]) @ y) + x


def _logistic_map(y, x):
    return 4 * y * (1 - y) + 0 * x


@pytest.mark.parametrize("interval", [1, 3, 8, 100])
def test_a_linear_recurrence_takes_one_iteration_and_one_to_certify(interval):
    matrix = jnp.array([[0.9, 0.3], [-0.3, 0.9]])
    inputs = jax.random.normal(jax.random.key(1), (50, 2))

    def step(y, x):
        return matrix @ y + x

    y0 = jnp.array([1.0, -2.0])
    found, states = _solve(step, y0, inputs, _options(interval))
    assert found.converged
    assert found.iterations == 2
    np.testing.assert_allclose(states, _stepped(step, y0, inputs), atol=1e-12)
    product = np.exp(found.propagator.log_scale) * found.propagator.matrix
    np.testing.assert_allclose(product, np.linalg.matrix_power(matrix, 50), atol=1e-12)


@pytest.mark.parametrize("interval", [1, 4, 7])
def test_a_nonlinear_recurrence_equals_stepping(interval):
    inputs = jax.random.normal(jax.random.key(2), (101, 2))
    y0 = jnp.zeros(2)
    found, states = _solve(_contracting, y0, inputs, _options(interval))
    assert found.converged
    assert found.update <= 1
    np.testing.assert_allclose(states, _stepped(_contracting, y0, inputs), atol=1e-10)


def test_a_chaotic_recurrence_converges_interval_by_interval():
    """The logistic map doubles errors at every step: nothing but the front can converge."""
    inputs, y0 = jnp.zeros(20), jnp.array([0.3])
    found, states = _solve(_logistic_map, y0, inputs, _options(4, 64, rtol=1e-8))
    assert found.converged
    assert found.iterations > 3
    np.testing.assert_allclose(states, _stepped(_logistic_map, y0, inputs), atol=1e-8)


def test_a_window_whose_rounding_errors_outgrow_the_tolerance_does_not_converge():
    """Each step doubles a difference: 2^-52 reaches 1e-10 after 19 steps, whatever Newton does."""
    y0 = jnp.array([1.0])

    def solved(count):
        ones = jnp.ones(count)  # with these inputs the states stay 1
        return _solve(lambda y, x: 2 * y - x, y0, ones, _options(1, 200))[0]

    assert solved(12).converged
    assert not solved(40).converged
    assert solved(40).iterations <= 2


def test_iterations_are_capped_and_failure_is_reported():
    inputs, y0 = jnp.zeros(256), jnp.array([0.3])
    found, _ = _solve(_logistic_map, y0, inputs, _options(8, 6))
    assert not found.converged
    assert found.iterations <= 6


def test_a_window_whose_front_is_too_slow_is_given_up_after_one_cycle():
    """Long before rounding errors reach so wide a tolerance, which would end it too."""
    inputs, y0 = jnp.zeros(4096), jnp.array([0.3])
    options = _options(1, 100, restart_every=3, rtol=1e-2)
    found, _ = _solve(_logistic_map, y0, inputs, options)
    assert not found.converged
    assert found.iterations == 3


@pytest.mark.parametrize("start", [jnp.nan, 1e200])
def test_a_trajectory_that_stops_being_finite_never_converges(start):
    def step(y, x):
        return y**2 + x

    y0 = jnp.array([start])
    found, _ = _solve(step, y0, jnp.zeros(40), _options(4))
    assert not found.converged


def test_states_a_million_times_beyond_the_guess_are_not_gone_on_from():
    """From a guess of 1e-8 the tangent of 1/y throws later states to 1e16."""
    seen = []

    def step(y, x):
        jax.debug.callback(lambda value: seen.append(np.max(np.abs(value))), y)
        return jnp.where(x == 0, 1e-8, 1 / y)

    y0 = jnp.array([1e-8])
    intervals = Intervals(step, jnp.array([0.0, 1, 1, 1]), 1)
    found = newton(intervals, y0, constant_guess(y0), _options(1))
    jax.effects_barrier()
    assert not found.converged
    assert max(seen) <= 1.01e6


def test_the_coarse_guess_keeps_what_has_converged_and_goes_on_from_there():
    ends = jnp.arange(5.0)[:, None]
    guess = coarse_guess(lambda y, x: y + x, jnp.array([-1.0]), jnp.full(5, 10.0))
    np.testing.assert_array_equal(guess(ends, jnp.array(2))[:, 0], [0, 1, 11, 21, 31])
    np.testing.assert_array_equal(guess(ends, jnp.array(0))[:, 0], [9, 19, 29, 39, 49])


def test_a_coarse_guess_that_blows_up_stands_still():
    guess = coarse_guess(lambda y, x: y / x, jnp.array([1.0]), jnp.array([0.5, 0.0, 0.5]))
    np.testing.assert_array_equal(guess(jnp.zeros((3, 1)), jnp.array(0))[:, 0], [2, 2, 4])


def test_the_constant_guess_continues_the_converged_prefix():
    guess = constant_guess(jnp.array([-1.0]))
    ends = jnp.arange(4.0)[:, None]
    np.testing.assert_array_equal(guess(ends, jnp.array(0))[:, 0], [-1, -1, -1, -1])
    np.testing.assert_array_equal(guess(ends, jnp.array(3))[:, 0], [0, 1, 2, 2])
