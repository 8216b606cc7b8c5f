import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.exponents._kaplan_yorke import estimated_dimension, kaplan_yorke

_estimated = jax.jit(estimated_dimension, static_argnums=2)


@pytest.mark.parametrize(
    ("exponents", "size", "dimension"),
    [
        ([-0.1, -2.0], 2, 0),
        ([0.0, -2.0], 2, 1),
        ([0.9, 0.0, -14.5], 3, 2 + 0.9 / 14.5),
        ([0.5, -1.0], 2, 1.5),
        ([0.5, -1.0], 40, 1.5),
        ([0.5, 0.0], 40, np.nan),
        ([1.0, -1.0], 2, 2),
        ([1.0, 0.5], 2, 2),
        ([0.3], 1, 1),
        ([-0.3], 1, 0),
        ([-0.3], 5, 0),
        ([np.nan, -1.0], 2, np.nan),
        ([1.0, np.nan], 2, np.nan),
    ],
)
def test_the_dimension_by_its_definition(exponents, size, dimension):
    found = kaplan_yorke(jnp.array(exponents), size)
    np.testing.assert_allclose(found, dimension, rtol=1e-14)


@pytest.mark.parametrize(
    ("exponents", "dimension"), [([-2e-4, -1.0], 1), ([3e-4, -1.0], 1), ([1e-4, -2e-4, -1.0], 2)]
)
def test_exponents_that_are_not_told_from_zero_count_as_zero(exponents, dimension):
    """On a limit cycle, or a torus."""
    blocks = jnp.broadcast_to(jnp.array(exponents), (10, len(exponents)))
    errors = jnp.full(len(exponents), 1e-4)
    found, _ = _estimated(blocks, errors, len(exponents))
    assert found == dimension


def test_the_error_is_that_of_the_scatter_of_estimates():
    """The exponents are correlated: their sum, as that of many flows, is constant."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((500, 32))
    runs = jnp.asarray(np.stack([1 + noise, -3 - noise], axis=-1))
    found, errors = jax.vmap(lambda run: _estimated(run, jnp.zeros(2), 2))(runs)
    assert np.std(found) == pytest.approx(np.median(errors), rel=0.15)
