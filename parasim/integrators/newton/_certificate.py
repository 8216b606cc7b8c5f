"""When a window counts as solved: the Newton update and the rounding errors, in tolerances.

A residual can be tiny where the trajectory is wrong, because tangents grow along a window. The
Newton update carries the residual through those same tangents, and so estimates the error of the
states that it is added to. Rounding errors grow like that too: where they pass the tolerance, two
ways of computing the same steps differ by more than that, and none may stand for the other.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def rounding_errors(states: Float[Array, "M d"]) -> Float[Array, "M d"]:
    """Return the error that rounding adds to each state in its own interval."""
    return jnp.finfo(states.dtype).eps * jnp.abs(states)


def scaled_error(
    error: Float[Array, "M d"],
    states: Float[Array, "M d"],
    rtol: float | Float[Array, ""],
    atol: float | Float[Array, ""],
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


def with_those_to_come(
    scaled: Float[Array, " M"], before: Float[Array, " M"]
) -> Float[Array, " M"]:
    """Return what updates add up to that go on shrinking as they do; for linear convergence.

    A geometric series: with the last update u and the ratio r of the last two, `u / (1 - r)`. The
    ratios are those of the largest update so far, as later states depend on earlier ones.

    Arguments:
        scaled: the updates in units of the tolerance.
        before: those of the iteration before; infinite where there was none.
    """
    now, before = jax.lax.cummax(scaled), jax.lax.cummax(before)
    shrunk = jnp.where(jnp.isfinite(before) & (before > 0), now / before, 1)
    return now / (1 - jnp.minimum(shrunk, _SLOWEST))


# No sum is taken for larger than a thousand of its last terms: converged updates are rounding
# errors, which do not shrink.
_SLOWEST = 0.999


def converged_prefix(scaled: Float[Array, " M"]) -> Int[Array, ""]:
    """Count the states before the first that has not converged.

    A state depends on earlier ones only, so a converged prefix stays valid whatever follows it.
    """
    return jnp.sum(jnp.cumprod((scaled <= 1).astype(jnp.int32)), dtype=jnp.int32)
