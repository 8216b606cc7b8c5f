import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.method._linear_solver import AssociativeScan
from parasim.integrators.method._structure import Dense
from parasim.integrators.newton._growth import (
    RunningGrowth,
    propagated_growth,
    sampled_growth,
    start_tangent,
)

RATES = jnp.array([-1.0, 0.3, 0.1])


def _linear_step(y, x):
    """An invariant axis per rate: a tangent along the first would see -1 only."""
    return jnp.exp(RATES * x) * y


def test_growth_over_a_stretch_is_the_largest_rate():
    inputs = jnp.full(600, 0.1)
    tangent = start_tangent(3, jnp.float64)
    growth, after = sampled_growth(_linear_step, jnp.ones(3), inputs, tangent)
    np.testing.assert_allclose(growth / 30, 0.3, atol=1e-3)
    np.testing.assert_allclose(jnp.linalg.norm(after), 1)
    np.testing.assert_allclose(abs(after[1]), 1, atol=1e-3)


def test_growth_by_the_propagator_is_growth_by_the_tangent():
    matrices = jax.random.normal(jax.random.key(0), (300, 4, 4))
    tangent = start_tangent(4, jnp.float64)

    @jax.jit
    def grown(matrices):
        solution = AssociativeScan().solve(Dense(), matrices, jnp.zeros((300, 4, 1)))
        return propagated_growth(Dense(), solution.propagator(jnp.int32(299)), tangent)

    growth, after = grown(matrices)
    v, total = np.asarray(tangent), 0.0
    for matrix in np.asarray(matrices):
        v = matrix @ v
        total += np.log(np.linalg.norm(v))
        v = v / np.linalg.norm(v)
    np.testing.assert_allclose(growth, total, rtol=1e-10)
    np.testing.assert_allclose(after, v, atol=1e-10)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_the_first_tangent_is_a_unit_vector_along_no_axis(dtype):
    tangent = start_tangent(40, dtype)
    assert tangent.dtype == dtype
    np.testing.assert_allclose(jnp.linalg.norm(tangent), 1, rtol=1e-6)
    assert jnp.all(tangent != 0)


def test_growth_beyond_the_floating_point_range_is_measured():
    growth, _ = sampled_growth(
        lambda y, _: 1e30 * y, jnp.ones(2), jnp.zeros(100), start_tangent(2, jnp.float64)
    )
    np.testing.assert_allclose(growth, 50 * 30 * np.log(10))


def _estimate(rates):
    growth = RunningGrowth.unknown(jnp.float64)
    growth = jax.lax.scan(lambda g, x: (g.with_one_more(x),) * 2, growth, jnp.asarray(rates))[1]
    return growth.mean, jax.vmap(lambda growth: growth.standard_error)(growth)


def test_the_running_estimate_of_equal_rates_is_that_rate_without_error():
    mean, error = _estimate(jnp.full(30, 0.7))
    np.testing.assert_allclose(mean, 0.7)
    np.testing.assert_allclose(error[1:], 0, atol=1e-9)
    assert error[0] == jnp.inf


def test_windows_without_a_measurement_change_nothing():
    mean, _ = _estimate([jnp.nan, 1.0, jnp.nan, 3.0])
    assert np.isnan(mean[0])
    assert mean[1] == mean[2] == 1.0
    np.testing.assert_allclose(mean[3], (0.9 * 1 + 3) / 1.9)


def test_the_running_estimate_forgets_and_its_error_covers():
    """Standard normal rates: the mean lies within two standard errors 95 times out of 100."""
    rates = jax.random.normal(jax.random.key(0), (100_000,))
    mean, error = _estimate(rates.at[:50_000].add(9))
    settled = slice(50_500, None, 50)
    scaled = np.abs(mean[settled] / error[settled])
    assert np.mean(scaled < 2) == pytest.approx(0.93, abs=0.03)
