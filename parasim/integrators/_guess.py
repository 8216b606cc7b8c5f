"""First guesses of a window's states, at the ends of its shooting intervals."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree


def coarse_guess(
    coarse_step: Callable[[Array, PyTree], Array], y0: Float[Array, " d"], inputs: PyTree
) -> Callable[[Array, Array], Array]:
    """Guess by one step of the size of an interval instead of many small ones.

    The coarse steps end just where the intervals do, so nothing is interpolated. Where a coarse
    step leaves the finite numbers, the guess stands still.

    Arguments:
        coarse_step: the map `(y, x) -> y` over a whole interval.
        y0: the window's first state.
        inputs: the coarse steps' inputs, M of them along the leading axis of every leaf.

    Returns:
        `(ends, prefix) -> ends`, which keeps the first `prefix` states and continues from there.

    Source: the coarse propagator of Parareal; Lions, Maday, Turinici, C. R. Acad. Sci. 332 (2001).
    """

    def guess(ends: Float[Array, "M d"], prefix: Array) -> Float[Array, "M d"]:
        def body(y: Array, step: tuple[Array, Array, PyTree]) -> tuple[Array, Array]:
            index, known, x = step
            guessed = coarse_step(y, x)
            guessed = jnp.where(jnp.all(jnp.isfinite(guessed)), guessed, y)
            end = jnp.where(index < prefix, known, guessed)
            return end, end

        return jax.lax.scan(
            body, y0, (jnp.arange(ends.shape[0], dtype=prefix.dtype), ends, inputs)
        )[1]

    return guess


def constant_guess(y0: Float[Array, " d"]) -> Callable[[Array, Array], Array]:
    """Guess that the last converged state, at first `y0`, does not change any more."""

    def guess(ends: Float[Array, "M d"], prefix: Array) -> Float[Array, "M d"]:
        last = jnp.where(prefix > 0, ends[jnp.maximum(prefix - 1, 0)], y0)
        return jnp.where(
            jnp.arange(ends.shape[0], dtype=prefix.dtype)[:, None] < prefix, ends, last
        )

    return guess
