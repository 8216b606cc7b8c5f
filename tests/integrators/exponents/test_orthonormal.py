import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.exponents._orthonormal import orthonormalised

_compiled = jax.jit(orthonormalised)


@pytest.mark.parametrize("count", [1, 3, 9])
def test_it_is_the_qr_factorisation(count):
    tangents = jax.random.normal(jax.random.key(count), (count, 9))
    result = _compiled(tangents)
    np.testing.assert_allclose(
        result.directions @ result.directions.T, np.eye(count), rtol=0, atol=1e-14
    )
    r = np.linalg.qr(np.asarray(tangents).T, mode="r")
    np.testing.assert_allclose(np.exp(result.log_growth), np.abs(np.diag(r)), rtol=1e-12)
    lengths = np.linalg.norm(tangents, axis=1)
    np.testing.assert_allclose(result.kept, np.abs(np.diag(r)) / lengths, rtol=1e-12)


@pytest.mark.parametrize("count", [1, 3, 9])
@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_nothing_overflows(count, scale):
    tangents = jax.random.normal(jax.random.key(count), (count, 9))
    plain, scaled = _compiled(tangents), _compiled(tangents * scale)
    np.testing.assert_allclose(scaled.directions, plain.directions, atol=1e-13)
    np.testing.assert_allclose(scaled.log_growth, plain.log_growth + np.log(scale), rtol=1e-12)


def test_a_tangent_that_vanishes_has_grown_by_minus_infinity():
    result = _compiled(jnp.array([[1.0, 0.0], [0.0, 0.0]]))
    np.testing.assert_array_equal(result.log_growth, [0, -np.inf])
    np.testing.assert_array_equal(result.kept, [1, 0])
