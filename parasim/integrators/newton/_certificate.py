"""When a window counts as solved: the Newton update and the rounding errors, in tolerances.

A residual can be tiny where the trajectory is wrong, because tangents grow along a window. The
Newton update carries the residual through those same tangents, and so estimates the error of the
states that it is added to. Rounding errors grow like that too: where they pass the tolerance, two
ways of computing the same steps differ by more than that, and none may stand for the other.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def rounding_errors(states: Float[Array, "M d"]) -> Float[Array, "M d"]:
    """Return the error that rounding adds to each state in its own interval."""
    return jnp.finfo(states.dtype).eps * jnp.abs(states)


def scaled_error(
    error: Float[Array, "M d"], states: Float[Array, "M d"], rtol: float, atol: float
) -> Float[Array, " M"]:
    """Return the largest component of each error in units of `atol + rtol * |state|`.

    Arguments:
        error: the Newton update, or what has become of the rounding errors.
        states: that it belongs to.
        rtol, atol: the tolerance.

    Returns:
        A number per state: at most 1 means converged; infinite where anything is not finite.
    """
    scaled = jnp.abs(error) / (atol + rtol * jnp.abs(states))
    scaled = jnp.where(jnp.isfinite(error) & jnp.isfinite(states), scaled, jnp.inf)
    return jnp.max(scaled, axis=-1, initial=0)


def converged_prefix(scaled: Float[Array, " M"]) -> Int[Array, ""]:
    """Count the states before the first that has not converged.

    A state depends on earlier ones only, so a converged prefix stays valid whatever follows it.
    """
    return jnp.sum(jnp.cumprod((scaled <= 1).astype(jnp.int32)), dtype=jnp.int32)
