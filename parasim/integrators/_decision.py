"""The choice of how to go on: in parallel, on how many steps at once, or one after the other.

A `Decision` is a function of what the run remembers (`_history.py`) and of what windows cost
(`_costs.py`). The default predicts times (`_prediction.py`).
"""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim._errors import ConfigError
from parasim.integrators._costs import WindowMenu
from parasim.integrators._history import ANALOGUE, COARSE, History
from parasim.integrators._prediction import FORGETTING, better_kind, predict

REASONS = (
    "stepping was asked for",
    "parallel was asked for",
    "on this device parallel does not pay at this size",
    "nothing is known yet: a trial",
    "the last pieces were delivered faster than by stepping",
    "tangents shrink, or grow slowly enough",
    "tangents grow too fast",
    "parallel did not pay lately: waiting before the next trial",
    "parallel does not pay for another member of the batch",
    "a piece in parallel could cost more than the budget allows",
    "the steps have no derivative",
)
"""What the `reason` of a window means, by its number."""

(
    SEQUENTIAL,
    PARALLEL,
    DEVICE,
    TRIAL,
    PAID,
    CALM,
    GROWTH,
    WAITING,
    BATCH,
    BUDGET,
    TANGENTS,
) = range(len(REASONS))

# So many iterations are planned where nothing is known: chaotic systems converge over 2 to 3 times
# their growth time in them (docs/design.md, decision 7).
_TRIAL_ITERATIONS = 6

# A run may be behind stepping by so many steps, or a quarter of a window, on top of its budget.
_ADVANCE = 128


class Choice(NamedTuple):
    """How to go on.

    Attributes:
        parallel: whether by Newton's method.
        size: then on a piece of which size; an index into the menu's.
        iterations: and with so many iterations, or more while all updates shrink.
        pace: or while each is expected to deliver more steps than this.
        wait: otherwise make so many steps, or what is left of the window, before the next choice.
        analogue: how many steps ago the state was whose continuation is the first guess; -1 for a
            coarse pass.
        reason: a number of `REASONS`.
        gain: how many times as fast as stepping the rest of the window is expected to be; NaN if
            nothing is known.
        predicted_iterations: that the rest of the window is expected to take; NaN likewise.
    """

    parallel: Bool[Array, ""]
    size: Int[Array, ""]
    iterations: Int[Array, ""]
    pace: Float[Array, ""]
    wait: Int[Array, ""]
    analogue: Int[Array, ""]
    reason: Int[Array, ""]
    gain: Float[Array, ""]
    predicted_iterations: Float[Array, ""]

    @classmethod
    def to_step(cls, history: History, reason: int) -> "Choice":
        """Return the choice to step, for a reason that holds for the whole run."""
        return _choice(history, parallel=False, reason=reason)


def _choice(history: History, parallel: Array | bool, reason: Array | int, **more) -> Choice:
    def integer(value: Array | int) -> Array:
        return jnp.asarray(value, jnp.int32)

    def number(value: Array | float) -> Array:
        return jnp.asarray(value, history.tangent.dtype)

    return Choice(
        parallel=jnp.asarray(parallel),
        size=integer(more.get("size", 0)),
        iterations=integer(more.get("iterations", 0)),
        pace=number(more.get("pace", jnp.inf)),
        wait=integer(more.get("wait", jnp.iinfo(jnp.int32).max)),
        analogue=integer(more.get("analogue", -1)),
        reason=integer(reason),
        gain=number(more.get("gain", jnp.nan)),
        predicted_iterations=number(more.get("predicted_iterations", jnp.nan)),
    )


class AbstractDecision(eqx.Module):
    """Chooses how to go on, given the history of a run."""

    @abc.abstractmethod
    def choose(self, history: History, menu: WindowMenu) -> Choice:
        """Return the choice; a pure function that can be traced.

        Arguments:
            history: what the run remembers.
            menu: the sizes of pieces that there are, and what they cost.
        """

    def hopeful(self, history: History, menu: WindowMenu) -> Bool[Array, ""]:
        """Whether to go on with a window in parallel; of a batch each member for itself."""
        del history, menu
        return jnp.array(True)


class _AbstractPatient(AbstractDecision):
    """Gives a window up that at its pace so far takes more iterations than are allowed."""

    iterations: eqx.AbstractVar[int]

    def hopeful(self, history: History, menu: WindowMenu) -> Bool[Array, ""]:
        """Whether the window will be through in time, at its pace after two pieces."""
        in_time = history.iterations * menu.steps <= menu.most * history.position
        return in_time | (history.iterations <= self.iterations)

    def _wholly(self, history: History, menu: WindowMenu, parallel: Any, reason: Any) -> Choice:
        """Return the choice of all of the window, with the better first guess."""
        times = predict(history, menu).time[:, 0, min(self.iterations, menu.most) - 1]
        analogue = history.past.analogue()
        kind, _ = better_kind(history, menu, times, analogue)
        return _choice(
            history,
            parallel,
            reason,
            iterations=self.iterations,
            analogue=jnp.where(kind == ANALOGUE, analogue, -1),
        )


class AlwaysSequential(AbstractDecision):
    """Steps through every window."""

    def choose(self, history: History, menu: WindowMenu) -> Choice:
        """Return that."""
        del menu
        return Choice.to_step(history, SEQUENTIAL)


class AlwaysParallel(_AbstractPatient):
    """Solves every window by Newton's method, on all its steps at once.

    Attributes:
        iterations: after so many, what has converged is kept and the rest is guessed anew, unless
            all updates are shrinking.
    """

    iterations: int = eqx.field(default=5, static=True)

    def choose(self, history: History, menu: WindowMenu) -> Choice:
        """Return that."""
        return self._wholly(history, menu, True, PARALLEL)


class GrowthThreshold(_AbstractPatient):
    """Goes parallel while tangents grow little over a window, by the running estimate.

    Attributes:
        threshold: the largest growth over a window, in nats.
        iterations: see `AlwaysParallel`.
    """

    threshold: float = eqx.field(default=2.0, static=True)
    iterations: int = eqx.field(default=5, static=True)

    def choose(self, history: History, menu: WindowMenu) -> Choice:
        """Return the choice; as long as nothing is known, a trial."""
        grown = history.growth.mean * menu.duration.astype(history.growth.mean.dtype)
        unknown = jnp.isnan(grown)
        calm = grown <= self.threshold
        reason = jnp.where(unknown, TRIAL, jnp.where(calm, CALM, GROWTH))
        return self._wholly(history, menu, unknown | calm, reason)


class ExponentSign(_AbstractPatient):
    """Goes parallel while the running estimate of the exponent is not positive, for comparison.

    It is the naive rule: chaotic systems gain too, over pieces of a few times their growth time
    (benchmarks/README.md).

    Attributes:
        iterations: see `AlwaysParallel`.
    """

    iterations: int = eqx.field(default=5, static=True)

    def choose(self, history: History, menu: WindowMenu) -> Choice:
        """Return the choice; as long as nothing is known, a trial."""
        return GrowthThreshold(0.0, self.iterations).choose(history, menu)


class PredictedTime(AbstractDecision):
    """Takes whatever is expected to deliver most steps per unit of time.

    Attributes:
        margin: parallel must be expected to be so much faster than stepping, relatively.
        budget: whatever comes of it, a run takes only so much longer than stepping, relatively, and
            the time of 128 steps or of a quarter of a window; the first trial may exceed that.
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
        prediction = predict(history, menu, self.forgetting)
        analogue = history.past.analogue()
        by_kind = jnp.min(prediction.time, axis=(1, 2))
        kind, worse = better_kind(history, menu, by_kind, analogue)
        # Of a kind that has not been tried the other one tells what to expect.
        tried = jnp.any(history.pieces.lengths[kind] > 0)
        told_by = jnp.where(tried, kind, 1 - kind)
        times = prediction.time[told_by].reshape(-1)
        best = jnp.argmin(times)
        stepping = menu.costs.step * (menu.steps - history.position).astype(times.dtype)
        gain = stepping / times[best]
        known = jnp.any(history.pieces.lengths > 0)

        doubled = jnp.exp2(jnp.clip(history.failures - 2, 0, 20).astype(history.since.dtype))
        wait = self.wait * doubled - history.since
        waiting = known & (wait > 0)
        reason = jnp.where(waiting, WAITING, TRIAL)
        reason = jnp.where(known & (gain > 1 + self.margin), PAID, reason)
        trial = reason == TRIAL
        small = trial | (worse & (kind == COARSE))  # a coarse pass over many steps is dear
        size = jnp.where(small, len(menu.sizes) - 1, best // menu.most)
        few = min(_TRIAL_ITERATIONS, menu.most)
        iterations = jnp.where(small, few, best % menu.most + 1).astype(jnp.int32)
        parallel = trial | (reason == PAID)
        affordable = self._affordable(history, menu, kind, size, iterations)
        each = jnp.array([menu.piece(place).iteration for place in range(len(menu.sizes))])
        pace = jnp.maximum(prediction.pace, 1 / menu.costs.step)
        return _choice(
            history,
            parallel & affordable,
            jnp.where(parallel & ~affordable, BUDGET, reason),
            size=size,
            iterations=iterations,
            pace=pace * each.astype(pace.dtype)[size],
            wait=jnp.maximum(wait, self.wait),
            analogue=jnp.where(kind == ANALOGUE, analogue, -1),
            gain=jnp.where(known, gain, jnp.nan),
            predicted_iterations=jnp.where(
                known, prediction.iterations[told_by].reshape(-1)[best], jnp.nan
            ),
        )

    def _affordable(
        self,
        history: History,
        menu: WindowMenu,
        kind: Int[Array, ""],
        size: Int[Array, ""],
        iterations: Int[Array, ""],
    ) -> Bool[Array, ""]:
        """Whether a piece would keep the run within its budget, even if nothing came of it."""
        dtype = history.spent.dtype
        prices = [menu.piece(place) for place in range(len(menu.sizes))]
        guesses = jnp.array([price.guess for price in prices], dtype)
        each = jnp.array([price.iteration for price in prices], dtype)
        cost = guesses[size, kind] + each[size] * iterations.astype(dtype)
        allowed = (1 + self.budget) * history.steps + max(menu.steps / 4, _ADVANCE)
        first = history.attempts == 0
        return first | (history.spent + cost <= menu.costs.step * allowed)


def decision_of(mode: "str | AbstractDecision", restart_every: int) -> AbstractDecision:
    """Return the decision that a mode names."""
    if isinstance(mode, AbstractDecision):
        return mode
    return {
        "auto": PredictedTime(),
        "parallel": AlwaysParallel(restart_every),
        "sequential": AlwaysSequential(),
    }[mode]
