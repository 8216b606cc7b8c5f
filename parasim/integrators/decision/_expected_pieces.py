"""What the last pieces would have come to, had they been of other sizes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._history import History

# The weight of a piece, relative to the one after it, of whichever kind that was.
FORGETTING = 0.8

# Measured with Tsit5 on Lorenz-63 and Lorenz-96 (docs/design.md, decision 7).
_ITERATIONS_PER_GROWTH = 2.0

# No piece is longer than the longest of the last ones by more than this factor; the menu's is 2.
_LONGER = 5


class ExpectedPieces(NamedTuple):
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


def expected_fronts(history: History, menu: WindowMenu) -> Float[Array, "kinds sizes K most"]:
    """Return the fronts that are expected of the last pieces, had they been of other sizes.

    Where one has converged from end to end, those of a longer one go on from there, evenly: as in
    longer ones that got so far, beside which one counts that takes one iteration more, and two for
    every factor e by which tangents grow over what is added. Beyond twice its length they are no
    faster than in pieces that have not converged from end to end.
    """
    fronts = history.pieces.fronts.astype(history.tangent.dtype)
    lengths = history.pieces.lengths[..., None].astype(fronts.dtype)
    through = fronts >= lengths
    since = jnp.cumsum(through, axis=-1, dtype=fronts.dtype) - 1  # iterations after it was through
    rate, usual = _growth_rate(history), _usual_advance(history)

    def of_size(size: Int[Array, ""]) -> Float[Array, "kinds K most"]:
        more = jnp.maximum(size.astype(fronts.dtype) - lengths, 0)
        further, taken = _beyond(history, size)
        advance = (more + further) / (1 + _ITERATIONS_PER_GROWTH * rate * more + taken)
        near = jnp.minimum(more, lengths)
        until = near / jnp.where(advance > 0, advance, 1)
        beyond = near + jnp.minimum(advance, usual) * jnp.maximum(since - until, 0)
        gained = jnp.minimum(jnp.minimum(since * advance, beyond), more)
        return jnp.where(through, lengths + gained, fronts)

    return jax.vmap(of_size, out_axes=1)(jnp.array(menu.sizes, jnp.int32))


def expected_pieces(
    history: History,
    menu: WindowMenu,
    forgetting: float,
    fronts: Float[Array, "kinds sizes K most"],
    left: Float[Array, ""],
) -> ExpectedPieces:
    """Return what the last pieces would have come to, with so many steps left in the window."""
    dtype = fronts.dtype
    lengths = history.pieces.lengths
    age = (history.pieces.numbers[:, :1] - history.pieces.numbers).astype(dtype)
    weights = jnp.where(lengths > 0, forgetting**age, 0)
    longest = _LONGER * jnp.max(lengths, axis=1, keepdims=True)
    fitting = jnp.array([menu.sizes], jnp.int32) <= longest
    wanted = jnp.minimum(left, jnp.array(menu.sizes, dtype)).reshape(1, -1, 1, 1)
    steps = jnp.minimum(fronts, wanted)
    through = steps >= wanted
    done = jnp.argmax(through, axis=-1, keepdims=True) + 1  # iterations until all has converged
    done = jnp.where(through[..., -1:], done, menu.most).astype(dtype)
    iterations = jnp.minimum(jnp.arange(1, menu.most + 1, dtype=dtype)[None, None, None], done)
    guesses, each = menu.prices(dtype)
    times = guesses[..., None, None] + each.reshape(1, -1, 1, 1) * iterations
    weights = jnp.where(fitting[..., None], weights[:, None], 0)
    return ExpectedPieces(weights, steps, iterations, times)


def _beyond(
    history: History, size: Int[Array, ""]
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
