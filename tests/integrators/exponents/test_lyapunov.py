"""Exponents of flows: where they are known exactly, and where an identity says what they are."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import DeviceCosts, ParallelNewton, lyapunov
from tests.truth_systems import linear, stuart_landau, van_der_pol

EXPONENTS = np.array([0.5, -0.3, -1.0, -2.0])
MIXED = np.random.default_rng(0).standard_normal((4, 4)) + 2 * np.eye(4)
MATRIX = MIXED @ np.diag(EXPONENTS) @ np.linalg.inv(MIXED)


def _linear(matrix, y0=None, dtype=float, **options):
    y0 = jnp.ones(len(matrix), dtype) if y0 is None else y0
    options = {"exponents": None, "transient": 35.0, **options}
    return lyapunov(linear, diffrax.Tsit5(), 0, 60, 0.02, y0, jnp.asarray(matrix, dtype), **options)


def test_linear_systems_have_the_real_parts_of_their_eigenvalues():
    result = _linear(MATRIX)
    np.testing.assert_allclose(result.values, EXPONENTS, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.dimension, 2.2, rtol=1e-8)
    assert np.all(result.standard_error < 1e-9)
    assert np.all(result.rounding_error < result.standard_error + 1e-12)
    np.testing.assert_allclose(np.sum(result.values), np.trace(MATRIX), rtol=1e-10)
    np.testing.assert_allclose(result.history[-1], result.values, rtol=1e-12)
    np.testing.assert_allclose(np.mean(result.blocks, axis=0), result.values, rtol=1e-12)
    assert result.parallel == 0


def test_times_are_those_at_the_ends_of_the_blocks():
    times = np.asarray(_linear(MATRIX).times)
    assert len(times) == 32
    np.testing.assert_allclose(np.diff(times), times[1] - times[0], rtol=1e-9)
    assert times[0] - (times[1] - times[0]) >= 35
    assert 60 - 24 * 0.02 - 1e-9 <= times[-1] <= 60 + 1e-9


def test_a_pair_of_complex_eigenvalues_has_equal_exponents():
    turning = np.array([[-0.2, 3, 0, 0], [-3, -0.2, 0, 0], [0, 0, 0.1, 0], [0, 0, 0, -1.0]])
    result = _linear(MIXED @ turning @ np.linalg.inv(MIXED))
    bound = 2 * np.log(np.linalg.cond(MIXED)) / 24
    np.testing.assert_allclose(result.values, [0.1, -0.2, -0.2, -1], rtol=0, atol=bound)
    np.testing.assert_allclose(result.values[0], 0.1, rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.sum(result.values[1:3]), -0.4, rtol=0, atol=1e-5)


def test_a_batch_equals_its_members():
    rates = jnp.array([-0.3, 0.1])
    matrices = jnp.asarray(MATRIX)[None] + rates[:, None, None] * jnp.eye(4)
    run = jax.jit(jax.vmap(lambda matrix: _linear(matrix)))
    result = run(matrices)
    assert result.values.shape == (2, 4)
    assert result.history.shape == (2, 32, 4)
    np.testing.assert_allclose(result.values, EXPONENTS + rates[:, None], rtol=0, atol=1e-8)


def test_single_precision_needs_no_promotion_and_says_what_rounding_does():
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        result = _linear(MATRIX, dtype=jnp.float32)
    assert {leaf.dtype for leaf in jax.tree.leaves(result)} == {jnp.dtype(jnp.float32)}
    assert np.all(result.standard_error >= result.rounding_error)
    assert np.all(np.abs(result.values - EXPONENTS) < 3 * result.standard_error)
    assert np.all(result.standard_error < 1e-4)


def _van_der_pol(matrix, **options):
    matrix = jnp.asarray(matrix)
    arguments = matrix, jnp.linalg.inv(matrix)
    solver = ParallelNewton(**{"steps": 256, "mode": "sequential", **options})
    y0 = matrix @ jnp.array([2.0, 0.0])
    return lyapunov(van_der_pol, solver, 0, 2000, 0.05, y0, arguments, exponents=2)


def test_a_flow_on_a_limit_cycle_has_a_zero_exponent():
    result = _van_der_pol(np.eye(2))
    assert abs(result.values[0]) < 3 * result.standard_error[0] < 0.02
    assert result.values[1] == pytest.approx(-1.0594, abs=0.005)  # the divergence's mean
    assert result.dimension == 1


def test_coordinates_do_not_matter():
    matrix = np.array([[1.0, 0.5], [-0.3, 2.0]])
    bound = 2 * np.log(np.linalg.cond(matrix)) / 1800
    plain, skewed = _van_der_pol(np.eye(2)), _van_der_pol(matrix)
    np.testing.assert_allclose(skewed.values, plain.values, rtol=0, atol=bound)
    assert not np.allclose(skewed.values, plain.values, rtol=0, atol=1e-6)
    np.testing.assert_allclose(np.sum(skewed.values), np.sum(plain.values), atol=1e-4)


def test_parallel_and_sequential_agree():
    parallel, sequential = _van_der_pol(np.eye(2), mode="parallel"), _van_der_pol(np.eye(2))
    assert parallel.parallel == 1
    for name in ("values", "standard_error", "dimension", "blocks"):
        ours, theirs = getattr(parallel, name), getattr(sequential, name)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "options",
    [
        {"steps": 1},
        {"steps": 1024},
        # The windows have two dozen steps, as there are 32 blocks.
        pytest.param({"costs": DeviceCosts(1.0, 2.0, 0.5, 0.0)}, marks=pytest.mark.slow),
    ],
    ids=["windows of a step", "long windows", "parallel"],
)
def test_one_variable(options):
    """y' = y (1 - y) settles at 1, where a step of Heun's method shrinks by 1 - h + h^2 / 2."""
    result = lyapunov(
        lambda t, y, args: y * (1 - y), ParallelNewton(diffrax.Heun(), **options), 0, 40, 0.02, 0.5,
        exponents=None, transient=25,
    )  # fmt: skip
    assert (result.parallel > 0) == ("costs" in options)
    np.testing.assert_allclose(result.values, [np.log(1 - 0.02 + 0.0002) / 0.02], rtol=1e-8)
    assert result.dimension == 0


@pytest.mark.slow
def test_any_structure():
    """z' = (i - 1/2) z turns and decays: two real variables."""

    def vector_field(t, y, args):
        return {"y": -y["y"], "z": (1j - 0.5) * y["z"]}

    y0 = {"y": jnp.array(0.5), "z": jnp.array([1.0 + 0j])}
    result = lyapunov(vector_field, diffrax.Tsit5(), 0, 60, 0.02, y0, exponents=None, transient=40)
    np.testing.assert_allclose(result.values, [-0.5, -0.5, -1], rtol=0, atol=1e-8)


@pytest.mark.slow
def test_a_thousand_variables():
    rates = -jnp.concatenate([jnp.array([0.1, 1.0, 2.0]), jnp.linspace(4, 20, 997)])
    result = lyapunov(
        lambda t, y, args: args * y, diffrax.Heun(), 0, 20, 0.02, jnp.ones(1000), rates,
        exponents=3, transient=15,
    )  # fmt: skip
    exact = np.log(1 + 0.02 * rates[:3] + (0.02 * rates[:3]) ** 2 / 2) / 0.02
    np.testing.assert_allclose(result.values, exact, rtol=0, atol=1e-8)
    assert result.dimension == 0


@pytest.mark.slow
def test_noise_is_the_same_for_all_tangents():
    """dy = -y dt + y / 2 o dW: the exponent is -1 + W(T) / 2T on the path."""
    path = diffrax.VirtualBrownianTree(0, 50, tol=1e-3, shape=(), key=jax.random.key(0))
    terms = diffrax.MultiTerm(
        diffrax.ODETerm(lambda t, y, args: -y),
        diffrax.ControlTerm(lambda t, y, args: 0.5 * y, path),
    )
    result = lyapunov(terms, diffrax.EulerHeun(), 0, 50, 0.01, jnp.array(1.0), transient=0.0)
    end = float(result.times[-1])
    start = end - 32 * float(result.times[1] - result.times[0])
    exact = -1 + 0.5 * float(path.evaluate(start, end)) / (end - start)
    assert result.values[0] == pytest.approx(exact, abs=0.01)
    assert abs(result.values[0] + 1) < 3 * result.standard_error[0]


def test_a_zero_exponent_is_refused_in_single_precision_where_rounding_limits_it():
    y0 = jnp.array([1.0, 0.0], jnp.float32)
    with pytest.raises(parasim.ConfigError, match=r"exponent 1 .* use float64"):
        lyapunov(stuart_landau(1.0), diffrax.Tsit5(), 0, 40, 0.02, y0, exponents=2)
