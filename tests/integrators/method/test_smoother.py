import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.method._smoother import smoothed
from parasim.integrators.methods import AssociativeScan, BlockDiagonal, Dense, Diagonal


def _minimiser(matrices, residual, weight):
    """The normal equations of all intervals, as one dense system."""
    count, size = residual.shape
    bidiagonal = np.eye(count * size)
    for m in range(1, count):
        bidiagonal[m * size : (m + 1) * size, (m - 1) * size : m * size] = -matrices[m]
    normal = bidiagonal.T @ bidiagonal + weight * np.eye(count * size)
    return np.linalg.solve(normal, bidiagonal.T @ residual.ravel()).reshape(count, size)


@pytest.mark.parametrize("weight", [1e-8, 0.3, 100.0])
@pytest.mark.parametrize("structure", [Dense(), Diagonal(), BlockDiagonal(2)], ids=str)
def test_minimises_the_regularised_residual(structure, weight):
    keys = jax.random.split(jax.random.key(0))
    matrices = np.array(jax.random.normal(keys[0], (9, 4, 4)))
    residual = np.array(jax.random.normal(keys[1], (9, 4)))
    kept = matrices
    if isinstance(structure, Diagonal):
        kept = np.einsum("mii->mi", matrices)
        matrices = kept[:, :, None] * np.eye(4)
    if isinstance(structure, BlockDiagonal):
        kept = np.stack([matrices[:, :2, :2], matrices[:, 2:, 2:]], axis=1)
        matrices = matrices * np.kron(np.eye(2), np.ones((2, 2)))
    solve = jax.jit(lambda *of: smoothed(structure, AssociativeScan(), *of))
    found = solve(jnp.asarray(kept), jnp.asarray(residual), jnp.asarray(weight))
    np.testing.assert_allclose(found, _minimiser(matrices, residual, weight), atol=1e-10)
