"""First guesses of a window's states, at the ends of its shooting intervals."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from parasim.integrators.kernels._choice import fused_scan


def coarse_guess(
    coarse_step: Callable[[Array, PyTree], Array], y0: Float[Array, " d"], inputs: PyTree
) -> Float[Array, "M d"]:
    """Guess by one step of the size of an interval instead of many small ones.

    The coarse steps end just where the intervals do, so nothing is interpolated. Where a coarse
    step leaves the finite numbers, the guess stands still.

    Derivatives do not flow through the pass: on a GPU it is one kernel, if it can be.

    Arguments:
        coarse_step: the map `(y, x) -> y` over a whole interval.
        y0: the window's first state.
        inputs: the coarse steps' inputs, M of them along the leading axis of every leaf.

    Source: the coarse propagator of Parareal; Lions, Maday, Turinici, C. R. Acad. Sci. 332 (2001).
    """

    def body(y: Array, x: PyTree) -> tuple[Array, Array]:
        guessed = coarse_step(y, x)
        guessed = jnp.where(jnp.all(jnp.isfinite(guessed)), guessed, y)
        return guessed, guessed

    return fused_scan(body, y0, inputs)[1]


def constant_guess(y0: Float[Array, " d"], count: int) -> Float[Array, "M d"]:
    """Guess that the first state does not change in M intervals."""
    return jnp.broadcast_to(y0, (count, y0.size))
