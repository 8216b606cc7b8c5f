"""The interpolant: exact for polynomials, right in every piece, cheap to call again."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from parasim.io._interpolant import interpolant

DTYPES = (np.float32, np.float64)


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def knots(kind):
    """Times of several spacings: even, as months, random, and with one narrow piece."""
    draw = np.random.default_rng(3)
    return {
        "even": np.linspace(1958.0, 2001.0, 517),
        "months": 1958 + np.cumsum(draw.choice([28, 30, 31, 31], 200)) / 365.25,
        "random": np.cumsum(draw.exponential(size=300)),
        "narrow": np.sort(np.append(np.linspace(-5.0, 5.0, 40), 1e-5)),
        "two": np.asarray([2.0, 3.0]),
    }[kind]


every_spacing = pytest.mark.parametrize("kind", ["even", "months", "random", "narrow", "two"])


@every_spacing
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_time_is_found_in_its_piece(kind, dtype):
    # With the values 0, 1, 2, ... the integer part of the result is the index of the piece.
    times = knots(kind).astype(dtype).astype(float)
    path = interpolant(times, np.arange(len(times)), dtype, cubic=False)
    middle = (times[:-1] + times[1:]) / 2
    found = jax.jit(jax.vmap(path._piece))
    np.testing.assert_array_equal(found(jnp.asarray(middle, dtype)), np.arange(len(middle)))
    at_knots = np.minimum(np.arange(len(times)), len(times) - 2)
    np.testing.assert_array_equal(found(jnp.asarray(times, dtype)), at_knots)


@every_spacing
def test_linear_agrees_with_numpy(kind):
    times = knots(kind)
    values = np.random.default_rng(4).normal(300, 50, len(times))
    t = np.linspace(times[0], times[-1], 997)
    result = jax.jit(jax.vmap(interpolant(times, values, np.float64, cubic=False).evaluate))(t)
    np.testing.assert_allclose(result, np.interp(t, times, values), rtol=1e-12)


@every_spacing
def test_cubic_agrees_with_scipy(kind):
    times = knots(kind)
    values = np.random.default_rng(4).normal(300, 50, len(times))
    t = np.linspace(times[0], times[-1], 997)
    result = jax.jit(jax.vmap(interpolant(times, values, np.float64, cubic=True).evaluate))(t)
    expected = CubicSpline(times, values)(t)
    np.testing.assert_allclose(result, expected, atol=1e-12 * np.abs(expected).max())


def test_cubic_reproduces_a_cubic_and_its_derivative_and_continues_it():
    times = np.sort(np.random.default_rng(5).uniform(-2, 2, 12))
    path = interpolant(times, times**3 - 2 * times + 1, np.float64, cubic=True)
    t = jnp.linspace(-2.5, 2.5, 31)
    value, slope = jax.jit(jax.vmap(jax.value_and_grad(path.evaluate)))(t)
    np.testing.assert_allclose(value, t**3 - 2 * t + 1, atol=1e-11)
    np.testing.assert_allclose(slope, 3 * t**2 - 2, atol=1e-11)


def test_far_outside_it_continues_its_end_pieces():
    path = interpolant(np.asarray([0.0, 1.0, 3.0]), np.asarray([0.0, 1.0, 0.0]), float, cubic=False)
    np.testing.assert_allclose(path.evaluate(-1e12), -1e12)
    np.testing.assert_allclose(path.evaluate(1e12), 1 - 0.5 * (1e12 - 1))


@pytest.mark.parametrize("cubic", [False, True])
def test_float32_is_continuous_in_decimal_years(cubic):
    times = knots("months")
    values = np.random.default_rng(6).normal(340, 3, len(times))
    path = interpolant(times, values, np.float32, cubic=cubic)
    inner = np.asarray(path.times)[1:-1]
    evaluate = jax.jit(jax.vmap(path.evaluate))
    before, at = evaluate(np.nextafter(inner, np.float32(0))), evaluate(inner)
    assert at.dtype == np.float32
    # One step of time is 1.2e-4 year; the steepest piece changes by less than 0.1 in it.
    assert float(jnp.abs(at - before).max()) < 0.1


def test_other_data_of_the_same_shape_trace_nothing():
    times = knots("even")
    traces = []

    @eqx.filter_jit
    def evaluate(path, t):
        traces.append(t)
        return path.evaluate(t)

    for seed in range(3):
        values = np.random.default_rng(seed).normal(size=len(times))
        result = evaluate(
            interpolant(times, values, np.float64, cubic=False), jnp.asarray(times[7])
        )
        np.testing.assert_allclose(result, values[7])
    assert len(traces) == 1
