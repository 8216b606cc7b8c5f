import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.newton._certificate import converged_prefix, scaled_error


def test_an_update_is_measured_in_units_of_the_mixed_tolerance():
    scaled = scaled_error(jnp.array([[3e-6, 0.0]]), jnp.array([[2.0, 7.0]]), 1e-6, 1e-6)
    np.testing.assert_allclose(scaled, [1.0])


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf, -jnp.inf])
def test_what_is_not_finite_never_counts_as_converged(bad):
    fine = jnp.zeros((2, 2))
    spoilt = fine.at[1, 0].set(bad)
    for update, states in [(spoilt, fine), (fine, spoilt)]:
        scaled = scaled_error(update, states, 1e-6, 1e-6)
        np.testing.assert_array_equal(scaled, [0, np.inf])
        assert converged_prefix(scaled) == 1


def test_the_prefix_ends_at_the_first_state_that_has_not_converged():
    assert converged_prefix(jnp.array([0.5, 1.0, 2.0, 0.1])) == 2
    assert converged_prefix(jnp.array([2.0, 0.1])) == 0
    assert converged_prefix(jnp.array([0.2, 0.1])) == 2
