"""Random weights of the built-in networks, drawn in numpy: the same on every device."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from parasim._errors import ConfigError
from parasim.plugins._system import State


def gaussian(seed: int, name: int, *shape: int) -> np.ndarray:
    """Draw weights of mean 0 and variance 1 / (number of inputs), which is the last axis.

    Arguments:
        seed: of the network.
        name: a number for each of its arrays of weights.
        shape: of the array.
    """
    return np.random.default_rng((seed, name)).standard_normal(shape) / np.sqrt(shape[-1])


def product(weights: np.ndarray, x: Array) -> Array:
    """Multiply a vector with weights, in the dtype of the vector."""
    return jnp.matmul(jnp.asarray(weights, x.dtype), x, precision=jax.lax.Precision.HIGHEST)


def random_start(units: int, *names: str) -> Callable[[Mapping[str, float], int], State]:
    """Make the `initial_state` of a network: each variable random, of standard deviation 1/2."""

    def initial_state(params: Mapping[str, float], seed: int) -> State:
        del params
        random = np.random.default_rng(seed)
        return {name: random.standard_normal(units) / 2 for name in names}

    return initial_state


def check_units(name: str, units: int, weights: int) -> None:
    """Refuse a network without units, or with weights of a negative seed.

    Raises:
        ConfigError: it is one.
    """
    if units < 1 or weights < 0:
        raise ConfigError(
            f"{name}: units = {units} must be 1 or more, and weights = {weights}, the seed that "
            "draws them, 0 or more"
        )
