import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.method._method import Method
from parasim.integrators.newton._guess import constant_guess
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._newton import NewtonOptions, Planned, newton


def _options(interval=4, rtol=1e-10):
    return NewtonOptions(Method(interval=interval), rtol, rtol)


def _solve(step, y0, inputs, options, iterations=50):
    intervals = Intervals(step, inputs, options.interval)
    guess = constant_guess(y0, intervals.count)
    found = newton(intervals, y0, guess, options, Planned.exactly(iterations), 50)
    return found, intervals.states(intervals.starts(y0, found.ends))


def _converged(found):
    return int(found.prefix) == found.ends.shape[0]


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
    assert _converged(found)
    assert found.iterations == 2
    np.testing.assert_allclose(states, _stepped(step, y0, inputs), atol=1e-12)
    product = np.exp(found.propagator.log_scale) * found.propagator.matrix
    np.testing.assert_allclose(product, np.linalg.matrix_power(matrix, 50), atol=1e-12)


@pytest.mark.parametrize("interval", [1, 4, 7])
def test_a_nonlinear_recurrence_equals_stepping(interval):
    inputs = jax.random.normal(jax.random.key(2), (101, 2))
    y0 = jnp.zeros(2)
    found, states = _solve(_contracting, y0, inputs, _options(interval))
    assert _converged(found)
    assert found.update <= 1
    np.testing.assert_allclose(states, _stepped(_contracting, y0, inputs), atol=1e-10)


def test_a_chaotic_recurrence_converges_interval_by_interval():
    """The logistic map doubles errors at every step: nothing but the front can converge."""
    inputs, y0 = jnp.zeros(20), jnp.array([0.3])
    found, states = _solve(_logistic_map, y0, inputs, _options(4, rtol=1e-8))
    assert _converged(found)
    assert found.iterations > 3
    np.testing.assert_allclose(states, _stepped(_logistic_map, y0, inputs), atol=1e-8)


def test_fronts_say_how_far_the_prefix_was_after_each_iteration():
    inputs, y0 = jnp.zeros(40), jnp.array([0.3])
    found, _ = _solve(_logistic_map, y0, inputs, _options(1, rtol=1e-8), iterations=6)
    fronts = np.asarray(found.fronts)
    np.testing.assert_array_equal(fronts[6:], found.prefix)
    assert np.all(np.diff(fronts[:6]) >= 0)
    assert np.all(fronts[:6] >= np.arange(6))  # what is exact is seen one iteration later
    shorter, _ = _solve(_logistic_map, y0, inputs[:8], _options(1, rtol=1e-8), iterations=6)
    np.testing.assert_array_equal(np.minimum(fronts[:6], 8), shorter.fronts[:6])


def test_the_propagator_is_that_of_the_prefix():
    """Each step doubles a difference: the propagator of m steps is 2^m."""
    y0 = jnp.array([1.0])
    found, _ = _solve(lambda y, x: 2 * y - x, y0, jnp.ones(40), _options(1))
    product = np.exp(found.propagator.log_scale) * found.propagator.matrix
    np.testing.assert_allclose(product, 2.0 ** int(found.prefix))


def test_a_prefix_ends_where_rounding_errors_outgrow_the_tolerance():
    """Each step doubles a difference: 2^-52 reaches 1e-10 after 19 steps, whatever Newton does."""
    found, _ = _solve(lambda y, x: 2 * y - x, jnp.array([1.0]), jnp.ones(40), _options(1))
    assert found.blocked
    assert 12 < int(found.prefix) < 20
    assert found.iterations <= 2


def test_no_more_iterations_are_made_than_are_wanted():
    inputs, y0 = jnp.zeros(256), jnp.array([0.3])
    found, _ = _solve(_logistic_map, y0, inputs, _options(8, rtol=1e-2), iterations=6)
    assert not _converged(found)
    assert found.iterations == 6


def test_updates_that_shrink_everywhere_are_followed_to_the_end():
    inputs = jax.random.normal(jax.random.key(2), (101, 2))
    found, _ = _solve(_contracting, jnp.zeros(2), inputs, _options(4), iterations=3)
    assert _converged(found)
    assert found.iterations > 3


@pytest.mark.parametrize("start", [jnp.nan, 1e200])
def test_a_trajectory_that_stops_being_finite_never_converges(start):
    def step(y, x):
        return y**2 + x

    y0 = jnp.array([start])
    found, _ = _solve(step, y0, jnp.zeros(40), _options(4))
    assert not _converged(found)


def test_states_a_million_times_beyond_the_guess_are_not_gone_on_from():
    """From a guess of 1e-8 the tangent of 1/y throws later states to 1e16."""
    seen = []

    def step(y, x):
        jax.debug.callback(lambda value: seen.append(np.max(np.abs(value))), y)
        return jnp.where(x == 0, 1e-8, 1 / y)

    y0 = jnp.array([1e-8])
    _solve(step, y0, jnp.array([0.0, 1, 1, 1]), _options(1))
    jax.effects_barrier()
    assert max(seen) <= 1.01e6
