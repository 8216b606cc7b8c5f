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

# The kind of guess that was worse is tried again after twice as many pieces, or after so many more:
# the past grows, and with it analogues get closer.
_TRIED_AGAIN = 32

# No piece is longer than the longest of the last ones by more than this factor; the menu's is 4.
_LONGER = 5


def expected_speeds(
    history: History, menu: WindowMenu, forgetting: float = FORGETTING
) -> Float[Array, "kinds sizes most"]:
    """Return the steps per unit of time, for each kind of guess, size and number of iterations.

    They are 0 for a kind of which nothing is known, and for sizes much longer than were tried.
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


def better_kind(
    history: History, menu: WindowMenu, speeds: Float[Array, " kinds"], analogue: Int[Array, ""]
) -> Int[Array, ""]:
    """Return the kind of guess to take.

    An analogue is tried for the first time when a coarse pass has been. What seems to be worse is
    tried now and then, if it would be better should a single iteration be enough.

    Arguments:
        history: of the run.
        menu: the sizes of pieces that there are, and what they cost.
        speeds: what each kind is expected to deliver.
        analogue: how many steps ago it was; -1 if there is none.
    """
    pieces = history.pieces
    better = jnp.argmax(speeds).astype(jnp.int32)
    untried = pieces.last == 0
    last = pieces.last[1 - better]
    hopeful = _fastest(menu).astype(speeds.dtype)[1 - better] > jnp.max(speeds)
    due = hopeful & (history.attempts - last >= jnp.minimum(last, _TRIED_AGAIN))
    better = jnp.where(due & ~jnp.any(untried), 1 - better, better)
    better = jnp.where(untried[ANALOGUE], ANALOGUE, better)
    return jnp.where(untried[COARSE] | (analogue < 0), COARSE, better)


def _fastest(menu: WindowMenu) -> Float[Array, " kinds"]:
    """Return the steps per unit of time, if one iteration is enough."""
    pieces = [(size, menu.piece(place)) for place, size in enumerate(menu.sizes)]
    return jnp.array(
        [
            max(size / (cost.guess[kind] + cost.iteration) for size, cost in pieces)
            for kind in (COARSE, ANALOGUE)
        ]
    )


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
    possible = (taken > 0) & (size <= _LONGER * jnp.max(lengths))
    return jnp.where(possible, delivered / jnp.where(possible, taken, 1), 0)


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
