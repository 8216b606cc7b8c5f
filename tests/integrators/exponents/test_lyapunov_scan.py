"""Exponents of maps and other recurrences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import lyapunov_scan
from tests.truth_systems import henon, skew_tent

MIXED = np.array([[1.0, 0.5], [-0.3, 2.0]])


def _times_matrix(c, matrix):
    return jnp.sum(matrix * c[None], axis=-1), None


def _powers(matrix, **options):
    matrices = jnp.broadcast_to(jnp.asarray(matrix), (500, 2, 2))
    options = {"exponents": 2, "transient": 60, **options}
    return lyapunov_scan(_times_matrix, jnp.ones(2), matrices, **options)


def test_the_skew_tent_has_its_exponent_and_the_error_of_a_random_choice():
    result = lyapunov_scan(skew_tent, 0.3, length=100_000)
    probability = np.array([0.4, 0.6])
    exact = -probability @ np.log(probability)
    counted = 32 * float(result.times[1] - result.times[0])
    error = np.sqrt(0.24 / counted) * np.log(1.5)  # each step is left or right by chance
    assert abs(result.values[0] - exact) < 3 * error
    assert result.standard_error[0] == pytest.approx(error, rel=0.5)
    assert result.dimension == 1


def test_a_matrix_has_the_logs_of_its_eigenvalues():
    result = _powers(MIXED @ np.diag([1.1, 0.4]) @ np.linalg.inv(MIXED))
    np.testing.assert_allclose(result.values, np.log([1.1, 0.4]), rtol=1e-12)
    assert result.dimension == pytest.approx(1 + np.log(1.1) / -np.log(0.4), rel=1e-12)


def test_what_rounding_takes_is_refused_and_had_with_shorter_intervals():
    matrix = MIXED @ np.diag([1.1, 1e-3]) @ np.linalg.inv(MIXED)
    with pytest.raises(parasim.ConfigError, match=r"exponent 2 is lost in rounding.*interval=1"):
        _powers(matrix)
    result = _powers(matrix, interval=1)
    np.testing.assert_allclose(result.values, np.log([1.1, 1e-3]), rtol=1e-10)


def test_an_exponent_of_minus_infinity_is_an_error():
    with pytest.raises(parasim.ConfigError, match=r"exponent 2 .* minus infinity"):
        _powers(np.array([[1.0, 0.0], [1.0, 0.0]]), interval=1)
    with pytest.raises(parasim.SolverError, match=r"tangents .* vanished"):
        _powers(np.zeros((2, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_a_thousand_variables(mode):
    factors = jnp.concatenate([jnp.array([0.9, 0.7]), jnp.linspace(0.1, 0.4, 998)])
    result = lyapunov_scan(
        lambda c, x: (factors * c, None), jnp.ones(1000), length=400, exponents=2, mode=mode,
        transient=200, window=64,
    )  # fmt: skip
    assert result.parallel == (mode == "parallel")
    np.testing.assert_allclose(result.values, np.log([0.9, 0.7]), rtol=1e-9)


@pytest.mark.parametrize("window", [1, pytest.param(64, marks=pytest.mark.slow)])
def test_windows_of_any_length(window):
    """The determinant of the Hénon map is -0.3 everywhere."""
    result = lyapunov_scan(henon, jnp.zeros(2), length=2000, exponents=2, window=window)
    np.testing.assert_allclose(np.sum(result.values), np.log(0.3), rtol=1e-9)
    assert abs(result.values[0] - 0.419) < 3 * result.standard_error[0]
    assert result.dimension_error < 0.02


def test_keys_and_counters_ride_along():
    """They do not depend on the state, so the derivative is that of the rest."""

    def f(carry, _):
        key, now = jax.random.split(carry["key"])
        noise = jax.random.normal(now) * (1 + carry["n"] % 2)
        h = 0.9 * jnp.tanh(carry["h"]) + 0.1 * noise
        return {"key": key, "h": h, "n": carry["n"] + 1}, carry["h"]

    init = {"key": jax.random.key(0), "h": jnp.array(0.5), "n": 0}
    result = jax.jit(lambda: lyapunov_scan(f, init, length=400, transient=0))()
    _, before = jax.lax.scan(f, init, length=400)
    end = int(result.times[-1])
    counted = slice(end - 32 * round(float(result.times[1] - result.times[0])), end)
    exact = np.mean(np.log(0.9 / np.cosh(before[counted]) ** 2))
    assert result.values[0] == pytest.approx(exact, rel=1e-9)


@pytest.mark.slow
def test_inputs_drive_and_parallel_agrees_with_sequential():
    def cell(c, x):
        return jnp.tanh(jnp.sum(jnp.asarray(MIXED) * c[None], axis=-1) / 2 + x), None

    xs = jax.random.normal(jax.random.key(1), (1000, 2))

    def run(mode):
        return lyapunov_scan(cell, jnp.zeros(2), xs, exponents=2, mode=mode, window=128)

    parallel, sequential = run("parallel"), run("sequential")
    assert parallel.parallel == 1
    np.testing.assert_allclose(parallel.values, sequential.values, rtol=1e-7)
    np.testing.assert_allclose(parallel.blocks, sequential.blocks, rtol=0, atol=1e-6)
    assert sequential.values[0] < 0


def test_the_public_names_are_these():
    assert parasim.lyapunov_scan is lyapunov_scan
