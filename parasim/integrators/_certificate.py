"""When a window counts as solved: the Newton update, in units of the tolerance.

A residual can be tiny where the trajectory is wrong, because tangents grow along a window. The
Newton update carries the residual through those same tangents, and so estimates the error of the
states that it is added to.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def scaled_update(
    update: Float[Array, "M d"], states: Float[Array, "M d"], rtol: float, atol: float
) -> Float[Array, " M"]:
    """Return the largest component of each update in units of `atol + rtol * |state|`.

    Returns:
        A number per state: at most 1 means converged; infinite where anything is not finite.
    """
    scaled = jnp.abs(update) / (atol + rtol * jnp.abs(states))
    scaled = jnp.where(jnp.isfinite(update) & jnp.isfinite(states), scaled, jnp.inf)
    return jnp.max(scaled, axis=-1, initial=0)


def converged_prefix(scaled: Float[Array, " M"]) -> Int[Array, ""]:
    """Count the states before the first that has not converged.

    A state depends on earlier ones only, so a converged prefix stays valid whatever follows it.
    """
    return jnp.sum(jnp.cumprod((scaled <= 1).astype(jnp.int32)), dtype=jnp.int32)
