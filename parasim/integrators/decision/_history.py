"""What a run remembers of its windows, for decisions and for the record."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.newton._growth import RunningGrowth
from parasim.integrators.newton._past import Past

_PIECES = 8

COARSE, ANALOGUE = range(2)
"""The kinds of first guesses."""


class Outcome(NamedTuple):
    """What a piece of a window came to.

    Attributes:
        place: of its size on the menu.
        kind: of its first guess, `COARSE` or `ANALOGUE`.
        length: how many steps it had; fewer than its size at the end of a window.
        iterations: how many were made.
        fronts: how many steps had converged after each iteration.
        accepted: how many were kept.
        log_growth: of the tangent over these.
        tangent: after them.
    """

    place: Int[Array, ""]
    kind: Int[Array, ""]
    length: Int[Array, ""]
    iterations: Int[Array, ""]
    fronts: Int[Array, " most"]
    accepted: Int[Array, ""]
    log_growth: Float[Array, ""]
    tangent: Float[Array, " d"]


class Pieces(NamedTuple):
    """The last pieces whose first guess was of one kind, or of each, along a leading axis.

    Attributes:
        lengths: the latest first; 0 for those that there were not.
        fronts: how many steps had converged after each iteration.
        growths: of the tangent over the steps that converged, in nats.
        numbers: of each among all pieces, from 1 on; 0 for those that there were not.
        stale: whether as much as a window was stepped through since.
    """

    lengths: Int[Array, "*kinds K"]
    fronts: Int[Array, "*kinds K most"]
    growths: Float[Array, "*kinds K"]
    numbers: Int[Array, "*kinds K"]
    stale: Bool[Array, "*kinds"]

    @classmethod
    def none(cls, most: int, dtype: DTypeLike) -> "Pieces":
        """Return that there were none yet, of both kinds."""
        kinds = len((COARSE, ANALOGUE))
        return cls(
            lengths=jnp.zeros((kinds, _PIECES), jnp.int32),
            fronts=jnp.zeros((kinds, _PIECES, most), jnp.int32),
            growths=jnp.zeros((kinds, _PIECES), dtype),
            numbers=jnp.zeros((kinds, _PIECES), jnp.int32),
            stale=jnp.zeros(kinds, bool),
        )

    def with_more(self, outcome: Outcome, number: Int[Array, ""]) -> "Pieces":
        """Return the pieces of both kinds with one more."""
        kind = outcome.kind
        # What was before may be true no more.
        lengths = jnp.where(self.stale[kind], 0, self.lengths[kind])
        lengths = jnp.concatenate([outcome.length[None], lengths[:-1]])
        fronts = jnp.concatenate([outcome.fronts[None], self.fronts[kind, :-1]])
        growths = jnp.concatenate([outcome.log_growth[None], self.growths[kind, :-1]])
        numbers = jnp.concatenate([number[None], self.numbers[kind, :-1]])
        return Pieces(
            self.lengths.at[kind].set(lengths),
            self.fronts.at[kind].set(fronts),
            self.growths.at[kind].set(growths),
            self.numbers.at[kind].set(numbers),
            self.stale.at[kind].set(False),
        )


class History(NamedTuple):
    """What a run remembers.

    Attributes:
        windows: how many there were.
        steps: how many were made, in floating point.
        spent: what they are reckoned to have taken, in the unit of the costs.
        wasted: how much of that parallel pieces took beyond what stepping would have.
        since: how many steps were made one after the other since the last piece.
        failures: how many times in a row pieces took longer than stepping; from the third on only
            those after some steps.
        attempts: how many pieces there were.
        pieces: the last ones, by the kind of their first guess.
        past: the states, for analogues.
        growth: the running estimate of the largest exponent.
        tangent: the unit tangent that measures it.
        position: how many steps of the present window are known.
        iterations: how many were made in it.
        delivered: how many of its steps Newton's method delivered.
        log_growth: of the tangent over these.
    """

    windows: Int[Array, ""]
    steps: Float[Array, ""]
    spent: Float[Array, ""]
    wasted: Float[Array, ""]
    since: Float[Array, ""]
    failures: Int[Array, ""]
    attempts: Int[Array, ""]
    pieces: Pieces
    past: Past
    growth: RunningGrowth
    tangent: Float[Array, " d"]
    position: Int[Array, ""]
    iterations: Int[Array, ""]
    delivered: Int[Array, ""]
    log_growth: Float[Array, ""]

    @classmethod
    def start(cls, tangent: Float[Array, " d"], most: int, room: int) -> "History":
        """Return the history of a run before its first window.

        Arguments:
            tangent: to begin with; a unit vector.
            most: iterations are never made for a piece.
            room: for so many states of the past, at the most.
        """
        zero, none = jnp.zeros((), tangent.dtype), jnp.zeros((), jnp.int32)
        return cls(
            windows=none,
            steps=zero,
            spent=zero,
            wasted=zero,
            since=zero,
            failures=none,
            attempts=none,
            pieces=Pieces.none(most, tangent.dtype),
            past=Past.empty(room, tangent.size, tangent.dtype),
            growth=RunningGrowth.unknown(tangent.dtype),
            tangent=tangent,
            position=none,
            iterations=none,
            delivered=none,
            log_growth=zero,
        )

    def after_piece(self, outcome: Outcome, menu: WindowMenu) -> "History":
        """Return the history with one more piece of a window."""
        dtype = self.spent.dtype
        guesses, each = menu.prices(dtype)
        sizes = jnp.array(menu.sizes, jnp.int32)
        taken = guesses[outcome.kind, outcome.place]
        taken += each[outcome.place] * outcome.iterations.astype(dtype)
        saved = menu.costs.stepping * outcome.accepted.astype(dtype) - taken
        # That the short end of a window has converged says nothing of longer pieces.
        telling = (outcome.accepted < outcome.length) | (2 * outcome.length >= sizes[outcome.place])
        again = (self.since > 0) | (self.failures < 2)
        failures = jnp.where(saved >= 0, 0, jnp.where(again, self.failures + 1, self.failures))
        pieces = self.pieces.with_more(outcome, self.attempts + 1)
        return self._replace(
            steps=self.steps + outcome.accepted.astype(dtype),
            spent=self.spent + taken,
            wasted=self.wasted + jnp.maximum(-saved, 0),
            since=jnp.zeros_like(self.since),
            failures=jnp.where(telling, failures, self.failures),
            attempts=self.attempts + 1,
            pieces=jax.tree.map(partial(jnp.where, telling), pieces, self.pieces),
            tangent=outcome.tangent,
            position=self.position + outcome.accepted,
            iterations=self.iterations + outcome.iterations,
            delivered=self.delivered + outcome.accepted,
            log_growth=self.log_growth + outcome.log_growth,
        )

    def after_steps(self, count: Int[Array, ""], menu: WindowMenu) -> "History":
        """Return the history with so many more steps that were made one after the other."""
        steps = count.astype(self.steps.dtype)
        long = self.since + steps >= menu.steps
        return self._replace(
            steps=self.steps + steps,
            spent=self.spent + menu.costs.stepping * steps,
            since=self.since + steps,
            pieces=self.pieces._replace(stale=self.pieces.stale | long),
        )

    def after_window(self, growth_rate: Float[Array, ""]) -> "History":
        """Return the history with one window more; the growth rate is NaN if not measured."""
        return self._replace(
            windows=self.windows + 1,
            growth=self.growth.with_one_more(growth_rate),
            position=jnp.zeros_like(self.position),
            iterations=jnp.zeros_like(self.iterations),
            delivered=jnp.zeros_like(self.delivered),
            log_growth=jnp.zeros_like(self.log_growth),
        )
