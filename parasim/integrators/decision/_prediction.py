"""What the rest of a window is expected to take, from what the last pieces came to.

As Newton's method is causal, one run of it on a piece tells how many iterations every shorter piece
would have taken: the fronts, how many steps had converged after each iteration. So the last fronts
give, for every size and every number of iterations, how many steps that delivers, and in what time.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._history import ANALOGUE, COARSE, History

# The weight of a piece, relative to the one after it, of whichever kind that was.
FORGETTING = 0.8

# Measured with Tsit5 on Lorenz-63 and Lorenz-96 (docs/design.md, decision 7).
_ITERATIONS_PER_GROWTH = 2.0

# The kind of guess that was worse is tried again after twice as many pieces, but not before and not
# after so many more. Analogues get closer as the past grows; a coarse pass stays what it was.
_SOONEST, _COARSE_AGAIN, _ANALOGUE_AGAIN = 4, 128, 16

# An analogue is tried again as well where that takes no more than such a part of the time since:
# a long coarse pass takes ten times as long as that.
_SHARE = 0.05

# No piece is longer than the longest of the last ones by more than this factor; the menu's is 2.
_LONGER = 5


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


class _Pieces(NamedTuple):
    """What the last pieces would have come to, had they been of other sizes.

    Attributes:
        weights: of each; 0 for those that there were not.
        steps: that it delivers.
        iterations: that it takes.
        times: that it takes.
    """

    weights: Float[Array, "kinds sizes K"]
    steps: Float[Array, "kinds sizes K most"]
    iterations: Float[Array, "kinds sizes K most"]
    times: Float[Array, "kinds sizes K most"]

    def mean(self, values: Float[Array, "kinds sizes K most"]) -> Float[Array, "kinds sizes most"]:
        """Return the weighted mean; NaN where there are none."""
        return jnp.sum(self.weights[..., None] * values, 2) / jnp.sum(self.weights, 2)[..., None]


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
    unlimited = _pieces(history, menu, forgetting, jnp.asarray(jnp.inf, dtype))
    steps, times, iterations = map(unlimited.mean, unlimited[1:2] + unlimited[3:] + unlimited[2:3])
    paces = jnp.where(times > 0, steps / times, 0)
    # Where one is missing it may be there again after a short piece, but not for ever.
    missing = (analogue < 0) & (history.attempts - history.pieces.numbers[ANALOGUE, 0] >= _SOONEST)
    paces = jnp.where(missing, paces.at[ANALOGUE].set(0), paces)
    best = jnp.argmax(paces)
    pace = paces.reshape(-1)[best]
    usual = [values.reshape(-1)[best] for values in (steps, times, iterations)]

    left = (menu.steps - history.position).astype(dtype)
    pieces = _pieces(history, menu, forgetting, left)
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
    due = known & hopeful & ((since >= jnp.clip(last, _SOONEST, again)) | cheap)
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


def _pieces(
    history: History, menu: WindowMenu, forgetting: float, left: Float[Array, ""]
) -> _Pieces:
    """Return what the last pieces would have come to, with so many steps left in the window."""
    dtype = history.tangent.dtype
    lengths, made = history.pieces.lengths, jnp.arange(1, menu.most + 1, dtype=dtype)
    age = (history.pieces.numbers[:, :1] - history.pieces.numbers).astype(dtype)
    weights = jnp.where(lengths > 0, forgetting**age, 0)
    longest = _LONGER * jnp.max(lengths, axis=1, keepdims=True)
    usual = _usual_advance(history)
    parts = []
    for place, size in enumerate(menu.sizes):
        cost, wanted = menu.piece(place), jnp.minimum(left, size)
        steps = jnp.minimum(_extended(history, size, usual), wanted)
        through = steps[..., -1] >= wanted
        done = jnp.argmax(steps >= wanted, axis=-1) + 1  # iterations until all of it has converged
        done = jnp.where(through, done, menu.most).astype(dtype)
        iterations = jnp.minimum(made[None, None], done[..., None])
        times = jnp.array(cost.guess, dtype)[:, None, None] + cost.iteration * iterations
        parts.append(_Pieces(jnp.where(size <= longest, weights, 0), steps, iterations, times))
    return _Pieces(*(jnp.stack(part, axis=1) for part in zip(*parts, strict=True)))


def _extended(
    history: History, size: int, usual: Float[Array, "kinds 1 1"]
) -> Float[Array, "kinds K most"]:
    """Return the fronts that are expected of the last pieces, had they been of this size.

    Where one has converged from end to end, those of a longer one go on from there, evenly: as in
    longer ones that got so far, beside which one counts that takes one iteration more, and two for
    every factor e by which tangents grow over what is added. Beyond twice its length they are no
    faster than in pieces that have not converged from end to end.
    """
    fronts = history.pieces.fronts.astype(history.tangent.dtype)
    lengths = history.pieces.lengths[..., None].astype(fronts.dtype)
    through = fronts >= lengths
    since = jnp.cumsum(through, axis=-1, dtype=fronts.dtype) - 1  # iterations after it was through
    more = jnp.maximum(size - lengths, 0)
    expected = 1 + _ITERATIONS_PER_GROWTH * _growth_rate(history) * more
    further, taken = _beyond(history, size)
    advance = (more + further) / (expected + taken)
    near = jnp.minimum(more, lengths)
    until = near / jnp.where(advance > 0, advance, 1)
    beyond = near + jnp.minimum(advance, usual) * jnp.maximum(since - until, 0)
    gained = jnp.minimum(jnp.minimum(since * advance, beyond), more)
    return jnp.where(through, lengths + gained, fronts)


def _beyond(
    history: History, size: int
) -> tuple[Float[Array, "kinds K 1"], Float[Array, "kinds K 1"]]:
    """Return how far longer pieces went on beyond each one's length, and in how many iterations."""
    pieces, dtype = history.pieces, history.tangent.dtype
    ends = jnp.minimum(pieces.fronts[..., -1], size)
    until_end = jnp.sum(pieces.fronts < ends[..., None], axis=-1, dtype=jnp.int32)
    length = pieces.lengths[..., None]  # of each; the others are along the last axis
    until = jnp.sum(pieces.fronts[:, None] < length[..., None], axis=-1, dtype=jnp.int32)
    longer = (length > 0) & (pieces.lengths[:, None] > length) & (ends[:, None] >= length)
    age = (pieces.numbers[:, :1] - pieces.numbers).astype(dtype)
    weights = jnp.where(longer, FORGETTING ** age[:, None], 0)
    further, taken = ends[:, None] - length, until_end[:, None] - until
    return (
        jnp.sum(weights * further.astype(dtype), axis=-1, keepdims=True),
        jnp.sum(weights * taken.astype(dtype), axis=-1, keepdims=True),
    )


def _growth_rate(history: History) -> Float[Array, ""]:
    """Return the rate per step at which tangents grew over the last pieces; 0 if unknown."""
    pieces, dtype = history.pieces, history.tangent.dtype
    age = (history.attempts - pieces.numbers).astype(dtype)
    known = (pieces.lengths > 0) & jnp.isfinite(pieces.growths)
    weights = jnp.where(known, FORGETTING**age, 0)
    steps = jnp.sum(weights * pieces.fronts[..., -1].astype(dtype))
    growth = jnp.sum(weights * jnp.where(known, pieces.growths, 0))
    return jnp.maximum(growth, 0) / jnp.where(steps > 0, steps, 1)


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


def _usual_advance(history: History) -> Float[Array, "kinds 1 1"]:
    """Return the steps per iteration of pieces that did not converge; infinite if all did."""
    pieces = history.pieces
    last = pieces.fronts[..., -1]
    stuck = last < pieces.lengths
    made = jnp.argmax(pieces.fronts >= last[..., None], axis=-1) + 1
    age = (pieces.numbers[:, :1] - pieces.numbers).astype(history.tangent.dtype)
    weights = jnp.where(stuck, FORGETTING**age, 0)
    steps, iterations = (
        jnp.sum(weights * each.astype(age.dtype), axis=1, keepdims=True) for each in (last, made)
    )
    return jnp.where(iterations > 0, steps / iterations, jnp.inf)[..., None]
