"""Whether a state is finite."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree


def all_finite(state: PyTree) -> Bool[Array, ""]:
    """Whether every number in the state is finite; true for a state without numbers."""
    flags = [jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(state)]
    return jnp.all(jnp.stack(flags)) if flags else jnp.array(True)
