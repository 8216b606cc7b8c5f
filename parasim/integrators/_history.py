"""What a run remembers of its windows, for decisions and for the record."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators._costs import WindowMenu
from parasim.integrators._growth import RunningGrowth
from parasim.integrators._past import Past

_PIECES = 8

# The weight of the last piece in the speed of its kind of guess, and after how many pieces the
# other kind is tried again.
_NEWS, _TRY_THE_OTHER = 0.3, 32


class Outcome(NamedTuple):
    """What a piece of a window came to.

    Attributes:
        place: of its size on the menu.
        length: how many steps it had; fewer than its size at the end of a window.
        iterations: how many were made.
        fronts: how many steps had converged after each iteration.
        accepted: how many were kept.
        by_analogue: whether the first guess was one.
        log_growth: of the tangent over these.
        tangent: after them.
    """

    place: Int[Array, ""]
    length: Int[Array, ""]
    iterations: Int[Array, ""]
    fronts: Int[Array, " most"]
    accepted: Int[Array, ""]
    by_analogue: Bool[Array, ""]
    log_growth: Float[Array, ""]
    tangent: Float[Array, " d"]


class History(NamedTuple):
    """What a run remembers.

    Attributes:
        windows, pieces: how many there were.
        steps: how many were made, in floating point.
        spent: what they are reckoned to have taken, in the unit of the costs.
        wasted: how much of that parallel pieces took beyond what stepping would have.
        since: how many steps were made one after the other since the last piece.
        failures: how many pieces in a row took longer than stepping.
        lengths: of the last pieces, the latest first; 0 for those that there were not.
        fronts: of these.
        guesses: steps per time that pieces delivered lately from a coarse pass, and from an
            analogue; 0 if there were none.
        past: the states, for analogues.
        growth: the running estimate of the largest exponent.
        tangent: the unit tangent that measures it.
        position: how many steps of the present window are known.
        iterations: how many were made in it.
    """

    windows: Int[Array, ""]
    pieces: Int[Array, ""]
    steps: Float[Array, ""]
    spent: Float[Array, ""]
    wasted: Float[Array, ""]
    since: Float[Array, ""]
    failures: Int[Array, ""]
    lengths: Int[Array, " K"]
    fronts: Int[Array, "K most"]
    guesses: Float[Array, "2"]
    past: Past
    growth: RunningGrowth
    tangent: Float[Array, " d"]
    position: Int[Array, ""]
    iterations: Int[Array, ""]

    @classmethod
    def start(cls, tangent: Float[Array, " d"], most: int) -> "History":
        """Return the history of a run before its first window."""
        zero, none = jnp.zeros((), tangent.dtype), jnp.zeros((), jnp.int32)
        return cls(
            windows=none,
            pieces=none,
            steps=zero,
            spent=zero,
            wasted=zero,
            since=zero,
            failures=none,
            lengths=jnp.zeros(_PIECES, jnp.int32),
            fronts=jnp.zeros((_PIECES, most), jnp.int32),
            guesses=jnp.zeros(2, tangent.dtype),
            past=Past.empty(tangent.size, tangent.dtype),
            growth=RunningGrowth.unknown(tangent.dtype),
            tangent=tangent,
            position=none,
            iterations=none,
        )

    def after_piece(self, outcome: Outcome, menu: WindowMenu) -> "History":
        """Return the history with one more piece of a window."""
        dtype = self.spent.dtype
        prices = [menu.piece(place) for place in range(len(menu.sizes))]
        coarse = jnp.array([price.guess for price in prices], dtype)[outcome.place]
        guess = jnp.where(outcome.by_analogue, menu.costs.iteration, coarse)
        iteration = jnp.array([price.iteration for price in prices], dtype)[outcome.place]
        sizes = jnp.array(menu.sizes, jnp.int32)
        taken = guess + iteration * outcome.iterations.astype(dtype)
        saved = menu.costs.step * outcome.accepted.astype(dtype) - taken
        whole = outcome.length == sizes[outcome.place]  # the end of a window tells nothing
        failures = jnp.where(saved >= 0, 0, self.failures + 1)
        # What was before a stretch of stepping may be true no more.
        older = jnp.where(self.since > 0, jnp.zeros_like(self.lengths), self.lengths)
        lengths = jnp.concatenate([outcome.length[None], older[:-1]])
        fronts = jnp.concatenate([outcome.fronts[None], self.fronts[:-1]])
        speed = outcome.accepted.astype(dtype) / taken
        which = outcome.by_analogue.astype(jnp.int32)
        before = jnp.where(self.guesses[which] > 0, self.guesses[which], speed)
        guesses = self.guesses.at[which].set(before + _NEWS * (speed - before))
        return self._replace(
            guesses=jnp.where(whole, guesses, self.guesses),
            steps=self.steps + outcome.accepted.astype(dtype),
            pieces=self.pieces + 1,
            spent=self.spent + taken,
            wasted=self.wasted + jnp.maximum(-saved, 0),
            since=jnp.zeros_like(self.since),
            failures=jnp.where(whole, failures, self.failures),
            lengths=jnp.where(whole, lengths, self.lengths),
            fronts=jnp.where(whole, fronts, self.fronts),
            tangent=outcome.tangent,
            position=self.position + outcome.accepted,
            iterations=self.iterations + outcome.iterations,
        )

    def better_by_analogue(self) -> Bool[Array, ""]:
        """Whether an analogue is the better first guess, or one that has to be tried."""
        coarse, analogue = self.guesses[0], self.guesses[1]
        again = self.pieces % _TRY_THE_OTHER == _TRY_THE_OTHER - 1
        better = (analogue > coarse) | (analogue == 0)
        return jnp.where(again, ~better, better) & (coarse > 0)

    def after_steps(self, count: Int[Array, ""], menu: WindowMenu) -> "History":
        """Return the history with so many more steps that were made one after the other."""
        steps = count.astype(self.steps.dtype)
        return self._replace(
            steps=self.steps + steps,
            spent=self.spent + menu.costs.step * steps,
            since=self.since + steps,
        )

    def after_window(self, growth_rate: Float[Array, ""]) -> "History":
        """Return the history with one window more; the growth rate is NaN if not measured."""
        return self._replace(
            windows=self.windows + 1,
            growth=self.growth.with_one_more(growth_rate),
            position=jnp.zeros_like(self.position),
            iterations=jnp.zeros_like(self.iterations),
        )
