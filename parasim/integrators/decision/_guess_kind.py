"""The kind of first guess that the next piece begins with: a coarse pass, or an analogue."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._history import ANALOGUE, COARSE, History

# The kind of guess that was worse is tried again after twice as many pieces, but not before and not
# after so many more. Analogues get closer as the past grows; a coarse pass stays what it was.
SOONEST = 4
_COARSE_AGAIN, _ANALOGUE_AGAIN = 128, 16

# An analogue is tried again as well where that takes no more than such a part of the time since:
# a long coarse pass takes ten times as long as that.
_SHARE = 0.05


def better_kind(
    history: History, menu: WindowMenu, times: Float[Array, " kinds"], analogue: Int[Array, ""]
) -> tuple[Int[Array, ""], Bool[Array, ""]]:
    """Return the kind of guess to take, and whether it is the one that seems to be worse.

    An analogue is tried for the first time when a coarse pass has been. What seems to be worse is
    tried now and then, if it would be better should a single iteration be enough.

    Arguments:
        history: of the run.
        menu: the sizes of pieces that there are, and what they cost.
        times: that the rest of the window is expected to take with each kind.
        analogue: how many steps ago it was; -1 if there is none.
    """
    pieces = history.pieces
    better = jnp.argmin(times).astype(jnp.int32)
    last = pieces.numbers[:, 0]
    untried = last == 0
    last = last[1 - better]
    left = (menu.steps - history.position).astype(times.dtype)
    hopeful = left < jnp.min(times) * _fastest(menu).astype(times.dtype)[1 - better]
    hopeful &= history.spent <= menu.costs.stepping * history.steps  # nothing is risked when behind
    known = (analogue >= 0) & ~jnp.any(untried)
    again = jnp.array([_COARSE_AGAIN, _ANALOGUE_AGAIN], jnp.int32)[1 - better]
    since = history.attempts - last
    waited = since.astype(times.dtype) * _last_coarse_time(history, menu)
    cheap = (better == COARSE) & (_analogue_trial(menu) <= _SHARE * waited)
    due = known & hopeful & ((since >= jnp.clip(last, SOONEST, again)) | cheap)
    kind = jnp.where(due, 1 - better, better)
    kind = jnp.where(untried[ANALOGUE], ANALOGUE, kind)
    return jnp.where(untried[COARSE] | (analogue < 0), COARSE, kind), due


def _analogue_trial(menu: WindowMenu) -> float:
    """Return the time of six iterations on the longest piece, from an analogue."""
    cost = menu.piece(0)
    return cost.guess[ANALOGUE] + 6 * cost.iteration


def _last_coarse_time(history: History, menu: WindowMenu) -> Float[Array, ""]:
    """Return the time that the last piece from a coarse pass took."""
    guesses, each = menu.prices(history.tangent.dtype)
    length, fronts = history.pieces.lengths[COARSE, 0], history.pieces.fronts[COARSE, 0]
    place = jnp.maximum(jnp.sum(jnp.array(menu.sizes, jnp.int32) >= length, dtype=jnp.int32) - 1, 0)
    made = jnp.argmax(fronts >= fronts[-1]) + 1
    return guesses[COARSE, place] + each[place] * made.astype(each.dtype)


def _fastest(menu: WindowMenu) -> Float[Array, " kinds"]:
    """Return the steps per unit of time, if one iteration is enough."""
    pieces = [(size, menu.piece(place)) for place, size in enumerate(menu.sizes)]
    return jnp.array(
        [
            max(size / (cost.guess[kind] + cost.iteration) for size, cost in pieces)
            for kind in (COARSE, ANALOGUE)
        ]
    )
