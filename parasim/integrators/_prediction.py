"""What pieces of a window are expected to deliver, from what the last ones came to.

As Newton's method is causal, one run of it on a piece tells how many iterations every shorter piece
would have taken: the fronts, how many steps had converged after each iteration. So the last fronts
give, for every size and every number of iterations, how many steps that delivers per unit of time.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from parasim.integrators._costs import WindowMenu
from parasim.integrators._history import ANALOGUE, COARSE, History

# The weight of a piece, relative to the one after it.
FORGETTING = 0.8

# Measured with Tsit5 on Lorenz-63 and Lorenz-96 (docs/design.md, decision 7).
_ITERATIONS_PER_GROWTH = 2.0

# After so many pieces the kind of guess that was worse is tried again.
_TRIED_AGAIN = 32


def expected_speeds(
    history: History, menu: WindowMenu, forgetting: float = FORGETTING
) -> Float[Array, "kinds sizes most"]:
    """Return the steps per unit of time, for each kind of guess, size and number of iterations.

    They are 0 for a kind of which nothing is known.
    """
    return jnp.stack(
        [
            jnp.stack(
                [
                    _speeds(history, menu, kind, place, forgetting)
                    for place in range(len(menu.sizes))
                ]
            )
            for kind in (COARSE, ANALOGUE)
        ]
    )


def better_kind(history: History, speeds: Float[Array, " kinds"]) -> Int[Array, ""]:
    """Return the kind of guess to take, given what each is expected to deliver.

    An analogue is tried for the first time when a coarse pass has been, and whichever seems to be
    worse now and then.
    """
    pieces = history.pieces
    better = jnp.argmax(speeds).astype(jnp.int32)
    untried = pieces.last == 0
    due = history.count - pieces.last[1 - better] >= _TRIED_AGAIN
    better = jnp.where(due & ~jnp.any(untried), 1 - better, better)
    return jnp.where(untried[COARSE], COARSE, jnp.where(untried[ANALOGUE], ANALOGUE, better))


def _speeds(
    history: History, menu: WindowMenu, kind: int, place: int, forgetting: float
) -> Float[Array, " most"]:
    """Return the steps per time of pieces of one size, for each number of iterations."""
    size, cost = menu.sizes[place], menu.piece(place)
    dtype = history.tangent.dtype
    lengths = history.pieces.lengths[kind]
    weights = jnp.where(lengths > 0, forgetting ** jnp.arange(lengths.size, dtype=dtype), 0)
    steps = jnp.minimum(_extended(history, menu, kind, size), size)
    made = jnp.arange(1, menu.most + 1, dtype=dtype)
    done = jnp.argmax(steps >= size, axis=1) + 1  # iterations until all of it has converged
    done = jnp.where(steps[:, -1] >= size, done, menu.most).astype(dtype)
    times = cost.guess[kind] + jnp.minimum(made[None], done[:, None]) * cost.iteration
    delivered = jnp.sum(weights[:, None] * steps, axis=0)
    taken = jnp.sum(weights[:, None] * times, axis=0)
    return jnp.where(taken > 0, delivered / jnp.where(taken > 0, taken, 1), 0)


def _extended(history: History, menu: WindowMenu, kind: int, size: int) -> Float[Array, "K most"]:
    """Return the fronts that are expected of the last pieces, had they been of this size.

    Where one has converged from end to end, those of a longer one go on from there, evenly, in one
    iteration more, and two for every factor e by which tangents grow over what is added.
    """
    dtype = history.tangent.dtype
    fronts = history.pieces.fronts[kind].astype(dtype)
    lengths = history.pieces.lengths[kind, :, None].astype(dtype)
    through = fronts >= lengths
    since = jnp.cumsum(through, axis=1, dtype=dtype) - 1  # iterations after it was through
    rate = jnp.maximum(history.growth.mean, 0) * menu.step_duration.astype(dtype)
    more = jnp.maximum(size - lengths, 0)
    needed = 1 + _ITERATIONS_PER_GROWTH * jnp.where(jnp.isnan(rate), 0, rate) * more
    reached = lengths + more * jnp.minimum(since / needed, 1)
    return jnp.where(through, jnp.maximum(reached, lengths), fronts)
