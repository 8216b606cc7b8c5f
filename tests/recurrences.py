"""Recurrences and numbers for the tests of `newton_scan`."""

import jax
import jax.numpy as jnp
import numpy as np


def assert_same(ours, theirs, rtol=1e-9, atol=1e-12):
    """Structures, shapes and dtypes are the same, and values close; integers are equal."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for our, their in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert our.dtype == their.dtype
        if jnp.issubdtype(their.dtype, jax.dtypes.prng_key):
            our, their = jax.random.key_data(our), jax.random.key_data(their)
        np.testing.assert_allclose(our, their, rtol=rtol, atol=atol)


def numbers(*shape, seed=0, dtype=float):
    return jax.random.normal(jax.random.key(seed), shape, dtype)


def noisy(carry, x):
    """A key and a counter next to numbers which they drive."""
    key, key_now = jax.random.split(carry["key"])
    noise = jax.jit(jax.random.normal)(key_now)
    h = 0.9 * jnp.tanh(carry["h"]) + 0.1 * noise * carry["n"]
    return {"key": key, "h": h, "n": carry["n"] + 1, "odd": ~carry["odd"]}, (h, carry["n"])


NOISY = {"key": jax.random.key(0), "h": jnp.array(0.5), "n": 0, "odd": jnp.array(False)}
