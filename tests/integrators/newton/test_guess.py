import jax.numpy as jnp
import numpy as np

from parasim.integrators.newton._guess import coarse_guess, constant_guess


def test_a_coarse_guess_goes_on_from_the_first_state():
    guess = coarse_guess(lambda y, x: y + x, jnp.array([-1.0]), jnp.full(5, 10.0))
    np.testing.assert_array_equal(guess[:, 0], [9, 19, 29, 39, 49])


def test_a_coarse_guess_that_blows_up_stands_still():
    guess = coarse_guess(lambda y, x: y / x, jnp.array([1.0]), jnp.array([0.5, 0.0, 0.5]))
    np.testing.assert_array_equal(guess[:, 0], [2, 2, 4])


def test_a_constant_guess_is_the_first_state():
    np.testing.assert_array_equal(constant_guess(jnp.array([3.0]), 4)[:, 0], [3, 3, 3, 3])
