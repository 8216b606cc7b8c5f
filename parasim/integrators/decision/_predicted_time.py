"""The default decision: whatever is predicted to take the least time, within a hard budget."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim._errors import ConfigError
from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._decision import (
    BUDGET,
    PAID,
    TRIAL,
    WAITING,
    AbstractDecision,
    Choice,
    choice_of,
)
from parasim.integrators.decision._expected_pieces import FORGETTING
from parasim.integrators.decision._guess_kind import better_kind
from parasim.integrators.decision._history import ANALOGUE, COARSE, History
from parasim.integrators.decision._prediction import predict

# So many iterations are planned where nothing is known: in six chaotic systems converge over 2 to 3
# times their growth time (docs/design.md, decision 7); two tell whether anything converges at all.
_TRIAL_ITERATIONS = range(6, 1, -1)

# On top of its budget a run may be behind stepping by a quarter of a window, but not by fewer and
# not by more steps than these.
_ADVANCE = 128.0, 256.0

_NO_BUDGET, _FOR_EVER = 1e-9, 1e9


class PredictedTime(AbstractDecision):
    """Takes whatever is expected to deliver most steps per unit of time.

    Attributes:
        margin: parallel must be expected to be so much faster than stepping, relatively.
        budget: whatever comes of it, a run takes only so much longer than stepping, relatively, and
            the time of a quarter of a window, that is of 128 to 256 steps; the first trial may
            exceed that where two iterations do.
        wait: after two pieces that did not pay, so many steps are made before the next trial, twice
            as many after the third in a row, and so on.
        forgetting: the weight of a piece, relative to the one after it.
    """

    margin: float = eqx.field(default=0.05, static=True)
    budget: float = eqx.field(default=0.02, static=True)
    wait: int = eqx.field(default=64, static=True)
    forgetting: float = eqx.field(default=FORGETTING, static=True)

    def __check_init__(self):
        ranges = {"margin": (0, 1), "budget": (0, 1), "wait": (1, 2**30), "forgetting": (0.01, 1)}
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(
                    f"{name} must be from {least:g} to {most:g}, not {getattr(self, name)!r}"
                )

    def choose(self, history: History, menu: WindowMenu) -> Choice:
        """Return the choice."""
        analogue = history.past.analogue()
        prediction = predict(history, menu, analogue, self.forgetting)
        lacking = self._lacking(history, menu)
        affordable = lacking <= 0
        limited = jnp.where(affordable, prediction.time, jnp.inf)
        some = jnp.any(limited < jnp.inf)
        by_kind = jnp.min(jnp.where(some, limited, prediction.time), axis=(1, 2))
        kind, worse = better_kind(history, menu, by_kind, analogue)
        # Where no piece is expected to pay, the kinds take turns in trials.
        in_turn = jnp.argmin(history.pieces.numbers[:, 0]).astype(kind.dtype)
        hopeful = jnp.any(prediction.time < jnp.inf) | (analogue < 0)
        kind = jnp.where(hopeful, kind, in_turn)
        # Of a kind that has not been tried the other one tells what to expect.
        tried = jnp.any(history.pieces.lengths[kind] > 0)
        told_by = jnp.where(tried, kind, 1 - kind)
        wanted = prediction.time[told_by].reshape(-1)
        times = jnp.where(affordable[kind].reshape(-1), wanted, jnp.inf)
        enough = menu.costs.stepping * (menu.steps - history.position).astype(times.dtype)
        enough = enough / (1 + self.margin)
        known = jnp.any(history.pieces.lengths > 0)
        pays = known & (jnp.min(times) < enough)
        dear = known & ~pays & (jnp.min(wanted) < enough)
        best = jnp.argmin(jnp.where(dear, wanted, times))

        wait = self._wait(history)
        reason = jnp.where(known & (wait > 0), WAITING, TRIAL)
        reason = jnp.where(pays | dear, PAID, reason)
        small = (reason == TRIAL) | (worse & (kind == COARSE))  # a long coarse pass is dear
        trial_size, few = _trial(menu)
        size = jnp.where(small, trial_size, best // menu.most)
        iterations = jnp.where(small, few, best % menu.most + 1).astype(jnp.int32)
        # That few iterations did not pay tells nothing of more, and one may deliver nothing.
        least = jnp.where(history.failures > 0, few, min(2, menu.most))
        more = jnp.maximum(iterations, least).astype(jnp.int32)
        iterations = jnp.where(affordable[kind, size, more - 1], more, iterations)
        parallel = (reason == PAID) | (reason == TRIAL)
        overdrawn = jnp.maximum(lacking[kind, size, iterations - 1], 0)
        reason = jnp.where(parallel & (overdrawn > 0), BUDGET, reason)
        saving = jnp.where(parallel, overdrawn, 0) / max(self.budget, _NO_BUDGET)
        pace = jnp.maximum(prediction.pace, 1 / menu.costs.stepping)
        pace = pace * menu.prices(pace.dtype)[1][size]
        return choice_of(
            history,
            parallel & (overdrawn <= 0),
            reason,
            size=size,
            iterations=iterations,
            pace=pace,
            wait=jnp.clip(jnp.maximum(wait, saving), self.wait, _FOR_EVER),
            analogue=jnp.where(kind == ANALOGUE, analogue, -1),
            gain=jnp.where(known, (1 + self.margin) * enough / wanted[best], jnp.nan),
            predicted_iterations=jnp.where(
                known, prediction.iterations[told_by].reshape(-1)[best], jnp.nan
            ),
        )

    def _wait(self, history: History) -> Float[Array, ""]:
        """Return how many steps are to be made before the next trial."""
        doubled = jnp.exp2(jnp.clip(history.failures - 2, 0, 20).astype(history.since.dtype))
        return self.wait * doubled - history.since

    def _lacking(self, history: History, menu: WindowMenu) -> Float[Array, "kinds sizes most"]:
        """Return by how many steps each piece would overdraw the budget if nothing came of it."""
        dtype = history.spent.dtype
        guesses, each = menu.prices(dtype)
        made = jnp.arange(1, menu.most + 1, dtype=dtype)
        cost = guesses[..., None] + (each[:, None] * made[None])[None]
        allowed = (1 + self.budget) * history.steps + _advance(menu)
        first = history.attempts == 0
        return jnp.where(first, 0, (history.spent + cost) / menu.costs.stepping - allowed)


def _advance(menu: WindowMenu) -> float:
    """Return by how many steps a run may be behind at its beginning."""
    least, most = _ADVANCE
    return min(max(menu.steps / 4, least), most)


def _trial(menu: WindowMenu) -> tuple[int, int]:
    """Return the place of the size of a trial, and its iterations.

    It is the shortest piece for which so many iterations pay, and as many as the run may be behind,
    but two at the least.
    """
    shortest_first = [(place, menu.piece(place)) for place in reversed(range(len(menu.sizes)))]
    for iterations in _TRIAL_ITERATIONS:
        for place, cost in shortest_first:
            taken = (cost.guess[COARSE] + iterations * cost.iteration) / menu.costs.stepping
            fits = taken <= _advance(menu) or iterations == _TRIAL_ITERATIONS[-1]
            if fits and taken < menu.sizes[place]:
                return place, min(iterations, menu.most)
    return 0, min(_TRIAL_ITERATIONS[-1], menu.most)
