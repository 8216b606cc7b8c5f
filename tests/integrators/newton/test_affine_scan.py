import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.newton import _affine_scan


@jax.jit
def affine_scan(matrices, offsets):
    """The solution, and the last of the products."""
    solution, products = _affine_scan.affine_scan(matrices, offsets)
    return solution, jax.tree.map(lambda leaf: leaf[-1], products)


def _random(count, size, dtype=jnp.float64):
    keys = jax.random.split(jax.random.key(0))
    matrices = jax.random.normal(keys[0], (count, size, size), dtype) / size**0.5
    return matrices, jax.random.normal(keys[1], (count, size, 2), dtype)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize(("count", "size"), [(1, 3), (2, 1), (37, 3), (64, 12)])
def test_solves_the_recurrence(count, size, dtype):
    matrices, offsets = _random(count, size, dtype)
    solution, total = affine_scan(matrices, offsets)
    z, product = np.zeros((size, 2)), np.eye(size)
    expected = []
    for matrix, offset in zip(np.asarray(matrices, float), np.asarray(offsets, float), strict=True):
        z, product = matrix @ z + offset, matrix @ product
        expected.append(z)
    tolerance = 100 * jnp.finfo(dtype).eps
    scale = np.max(np.abs(expected))
    np.testing.assert_allclose(solution, expected, rtol=0, atol=tolerance * scale)
    np.testing.assert_allclose(
        np.exp(total.log_scale) * total.matrix,
        product,
        rtol=0,
        atol=tolerance * max(np.abs(product).max(), 1e-3),
    )
    assert solution.dtype == total.matrix.dtype == dtype


def test_a_product_beyond_the_floating_point_range_keeps_its_logarithm():
    matrices = jnp.broadcast_to(jnp.diag(jnp.array([1e30, 1e20])), (100, 2, 2))
    _, total = affine_scan(matrices, jnp.zeros((100, 2, 1)))
    np.testing.assert_allclose(total.log_scale, 3000 * np.log(10), rtol=1e-12)
    np.testing.assert_allclose(total.matrix, [[1, 0], [0, 0]])


def test_a_product_that_vanishes_is_zero_and_not_nan():
    nilpotent = jnp.broadcast_to(jnp.array([[0.0, 1.0], [0.0, 0.0]]), (5, 2, 2))
    _, total = affine_scan(nilpotent, jnp.zeros((5, 2, 1)))
    np.testing.assert_array_equal(total.matrix, np.zeros((2, 2)))
    assert np.isfinite(total.log_scale)
