"""What the rest of a window is expected to take, from what the last pieces came to.

As Newton's method is causal, one run of it on a piece tells how many iterations every shorter piece
would have taken: the fronts, how many steps had converged after each iteration. So the last fronts
give, for every size and every number of iterations, how many steps that delivers, and in what time.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._expected_pieces import (
    FORGETTING,
    expected_fronts,
    expected_pieces,
)
from parasim.integrators.decision._guess_kind import SOONEST
from parasim.integrators.decision._history import ANALOGUE, COARSE, History


class Prediction(NamedTuple):
    """What is expected of the next piece, by kind of guess, size and number of iterations.

    Attributes:
        time: that the rest of the window takes, the pieces after this one included; infinite where
            this one takes longer than stepping, for a kind of which nothing is known, and for sizes
            much longer than were tried.
        iterations: that the rest of the window takes.
        pace: the most steps per unit of time that pieces of any kind deliver in the long run; 0 if
            nothing is known.
    """

    time: Float[Array, "kinds sizes most"]
    iterations: Float[Array, "kinds sizes most"]
    pace: Float[Array, ""]


def predict(
    history: History,
    menu: WindowMenu,
    analogue: Int[Array, ""],
    forgetting: float = FORGETTING,
) -> Prediction:
    """Return what is expected of the next piece.

    Arguments:
        history: of the run.
        menu: the sizes of pieces that there are, and what they cost.
        analogue: how many steps ago it was; -1 if there is none.
        forgetting: the weight of a piece, relative to the one after it.
    """
    dtype = history.tangent.dtype
    fronts, always = expected_fronts(history, menu), jnp.asarray(jnp.inf, dtype)
    unlimited = expected_pieces(history, menu, forgetting, fronts, always)
    steps, times, iterations = map(unlimited.mean, unlimited[1:2] + unlimited[3:] + unlimited[2:3])
    paces = jnp.where(times > 0, steps / times, 0)
    # Where one is missing it may be there again after a short piece, but not for ever.
    missing = (analogue < 0) & (history.attempts - history.pieces.numbers[ANALOGUE, 0] >= SOONEST)
    paces = jnp.where(missing, paces.at[ANALOGUE].set(0), paces)
    best = jnp.argmax(paces)
    pace = paces.reshape(-1)[best]
    usual = [values.reshape(-1)[best] for values in (steps, times, iterations)]

    left = (menu.steps - history.position).astype(dtype)
    pieces = expected_pieces(history, menu, forgetting, fronts, left)
    time, iterated = _to_go(left - pieces.steps, usual, menu)
    hoped = (analogue < 0) & (best >= paces[COARSE].size)  # that there will be one again
    lost = _lost_without(history, pace, left, steps[COARSE], times[COARSE], pieces.steps[COARSE])
    time = time.at[COARSE].add(jnp.where(hoped, lost, 0))
    known = jnp.any(pieces.weights > 0, axis=2)[..., None]
    # Nothing may be put off to later pieces that promise more.
    pays = pieces.mean(pieces.times) < menu.costs.stepping * pieces.mean(pieces.steps)
    return Prediction(
        jnp.where(known & pays, pieces.mean(pieces.times + time), jnp.inf),
        pieces.mean(pieces.iterations + iterated),
        pace,
    )


def _to_go(left: Array, usual: list[Float[Array, ""]], menu: WindowMenu) -> tuple[Array, Array]:
    """Return the time and the iterations that so many more steps take.

    Pieces end where they end, not at the end of the window: half a piece is lost on average. A few
    steps are faster stepped through.
    """
    steps, time, iterations = usual
    pieces = jnp.maximum(left / steps + 0.5, 1)
    stepping = menu.costs.stepping * left
    stepped = stepping <= pieces * time
    time = jnp.where(stepped, stepping, pieces * time)
    return time, jnp.where(stepped, 0, pieces * iterations)


def _lost_without(
    history: History,
    pace: Float[Array, ""],
    left: Float[Array, ""],
    steps: Float[Array, "sizes most"],
    times: Float[Array, "sizes most"],
    made: Float[Array, "sizes K most"],
) -> Float[Array, "sizes K most"]:
    """Return the time that is lost after coarse pieces because there still is no analogue.

    After s steps there is one with a probability of 1 - exp(-s / gap). A piece that takes a time t
    loses t - s / pace, and as often as there is none another follows.

    Arguments:
        history: of the run.
        pace: with analogues.
        left: how many steps the window still has; no gap is longer.
        steps, times: of coarse pieces, on average.
        made: the steps of those after which time is lost.
    """
    numbers, delivered = history.pieces.numbers[COARSE], history.pieces.fronts[COARSE, :, -1]
    weights = jnp.where(numbers > 0, FORGETTING ** (numbers[0] - numbers).astype(left.dtype), 0)
    followed = jnp.any(numbers[:, None] + 1 == numbers[None], axis=1) | (
        numbers == history.attempts
    )
    ends = jnp.sum(jnp.where(followed, 0, weights))
    without = jnp.sum(weights * delivered.astype(left.dtype))
    gap = jnp.where(ends > 0, without / jnp.where(ends > 0, ends, 1), left)
    gap = jnp.maximum(jnp.minimum(gap, left), 1)
    lost = (times - steps / pace) / -jnp.expm1(-steps / gap)
    least = jnp.min(jnp.where(steps > 0, lost, jnp.inf))
    return jnp.where(least < jnp.inf, jnp.maximum(least, 0), 0) * jnp.exp(-made / gap)
