from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim.integrators.methods import (
    AssociativeScan,
    BlockedScan,
    CoarseDifference,
    CyclicReduction,
    Dense,
    FusedScan,
    Sequential,
)

SOLVERS = [AssociativeScan(), CyclicReduction(), BlockedScan(4), BlockedScan(1000), Sequential()]
each_solver = pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: str(solver))


@partial(jax.jit, static_argnums=0)
def _solved(solver, matrices, offsets, last):
    solution = solver.solve(Dense(), matrices, offsets)
    return solution.columns, solution.propagator(last)


def solve(solver, matrices, offsets, last=None):
    """The solution, and the product up to some place, or of all."""
    last = len(offsets) - 1 if last is None else last
    return _solved(solver, matrices, offsets, jnp.int32(last))


def _random(count, size, dtype=jnp.float64):
    keys = jax.random.split(jax.random.key(0))
    matrices = jax.random.normal(keys[0], (count, size, size), dtype) / size**0.5
    return matrices, jax.random.normal(keys[1], (count, size, 2), dtype)


@each_solver
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize(("count", "size"), [(1, 3), (2, 1), (37, 3), (64, 12)])
def test_solves_the_recurrence(solver, count, size, dtype):
    matrices, offsets = _random(count, size, dtype)
    solution, total = solve(solver, matrices, offsets)
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


@each_solver
def test_gives_the_product_up_to_any_place(solver):
    matrices, offsets = _random(23, 2)
    product = np.eye(2)
    for place, matrix in enumerate(matrices):
        product = matrix @ product
        total = solve(solver, matrices, offsets, place)[1]
        np.testing.assert_allclose(np.exp(total.log_scale) * total.matrix, product, atol=1e-12)


@each_solver
def test_a_product_beyond_the_floating_point_range_keeps_its_logarithm(solver):
    matrices = jnp.broadcast_to(jnp.diag(jnp.array([1e30, 1e20])), (100, 2, 2))
    _, total = solve(solver, matrices, jnp.zeros((100, 2, 1)))
    np.testing.assert_allclose(total.log_scale, 3000 * np.log(10), rtol=1e-12)
    np.testing.assert_allclose(total.matrix, [[1, 0], [0, 0]])


@each_solver
def test_a_product_that_vanishes_is_zero_and_not_nan(solver):
    nilpotent = jnp.broadcast_to(jnp.array([[0.0, 1.0], [0.0, 0.0]]), (5, 2, 2))
    _, total = solve(solver, nilpotent, jnp.zeros((5, 2, 1)))
    np.testing.assert_array_equal(total.matrix, np.zeros((2, 2)))
    assert np.isfinite(total.log_scale)


def test_a_structure_without_products_is_refused():
    with pytest.raises(parasim.ConfigError, match=r"has no products: use linear_solver=Sequential"):
        parasim.Method(structure=CoarseDifference())


@pytest.mark.parametrize("count", [1, 3, 21])
def test_a_fused_scan_solves_the_recurrence_and_gives_products_up_to_any_place(monkeypatch, count):
    """Of matrices that do not commute, in one, two and three levels."""
    monkeypatch.setenv("PARASIM_KERNELS", "interpret")
    matrices, offsets = _random(count, 2)
    scan, expected = FusedScan(length=4), Sequential()
    last = count - 1 - count // 3
    found, wanted = (solve(solver, matrices, offsets, last) for solver in (scan, expected))
    np.testing.assert_allclose(found[0], wanted[0], atol=1e-13)
    np.testing.assert_allclose(found[1].log_scale, wanted[1].log_scale, atol=1e-13)
    np.testing.assert_allclose(found[1].matrix, wanted[1].matrix, atol=1e-13)


def test_a_fused_scan_needs_a_gpu():
    with pytest.raises(parasim.ConfigError, match=r"and none is in use: use linear_solver=Blocked"):
        solve(FusedScan(), *_random(3, 2))


def test_a_fused_scan_takes_small_matrices(monkeypatch):
    monkeypatch.setenv("PARASIM_KERNELS", "interpret")
    with pytest.raises(parasim.ConfigError, match="Dense of 12 variables is too large"):
        solve(FusedScan(), *_random(3, 12))
