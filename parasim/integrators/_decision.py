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
from parasim.integrators._history import ANALOGUE, History
from parasim.integrators._prediction import FORGETTING, better_kind, expected_speeds

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
    "a trial now could cost more than the budget allows",
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
) = range(len(REASONS))

# So many iterations are planned where nothing is known: chaotic systems converge over 2 to 3 times
# their growth time in them (docs/design.md, decision 7).
_TRIAL_ITERATIONS = 6


class Choice(NamedTuple):
    """How to go on.

    Attributes:
        parallel: whether by Newton's method.
        size: then on a piece of which size; an index into the menu's.
        iterations: and with so many iterations, or more while all updates shrink.
        analogue: how many steps ago the state was whose continuation is the first guess; -1 for a
            coarse pass.
        reason: a number of `REASONS`.
        gain: how many times as fast as stepping that is expected to be; NaN if nothing is known.
    """

    parallel: Bool[Array, ""]
    size: Int[Array, ""]
    iterations: Int[Array, ""]
    analogue: Int[Array, ""]
    reason: Int[Array, ""]
    gain: Float[Array, ""]

    @classmethod
    def to_step(cls, history: History, reason: int) -> "Choice":
        """Return the choice to step, for a reason that holds for the whole run."""
        return _choice(history, parallel=False, reason=reason)


def _choice(history: History, parallel: Array | bool, reason: Array | int, **more) -> Choice:
    integer = jnp.int32
    return Choice(
        parallel=jnp.asarray(parallel),
        size=jnp.asarray(more.get("size", 0), integer),
        iterations=jnp.asarray(more.get("iterations", 0), integer),
        analogue=jnp.asarray(more.get("analogue", -1), integer),
        reason=jnp.asarray(reason, integer),
        gain=jnp.asarray(more.get("gain", jnp.nan), history.tangent.dtype),
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
        speeds = expected_speeds(history, menu)[:, 0, min(self.iterations, menu.most) - 1]
        analogue = history.past.analogue()
        kind = better_kind(history, menu, speeds, analogue)
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
        threshold: the largest growth over a window, in nats. At 0 it is the sign of the exponent
            that decides, which is the wrong rule: chaotic systems gain too, over short windows.
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


class PredictedTime(AbstractDecision):
    """Takes whatever is expected to deliver most steps per unit of time.

    Attributes:
        margin: parallel must be expected to be so much faster than stepping, relatively.
        budget: trials that did not pay may cost so much of the time of stepping, relatively, on top
            of the first one.
        wait: after a piece that did not pay, so many steps are made before the next trial, twice as
            many after the second in a row, and so on.
        forgetting: the weight of a piece, relative to the one after it.
    """

    margin: float = eqx.field(default=0.05, static=True)
    budget: float = eqx.field(default=0.04, static=True)
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
        by_kind = expected_speeds(history, menu, self.forgetting)
        analogue = history.past.analogue()
        kind = better_kind(history, menu, jnp.max(by_kind, axis=(1, 2)), analogue)
        # Of a kind that has not been tried the other one tells what to expect.
        tried = jnp.any(history.pieces.lengths[kind] > 0)
        speeds = by_kind[jnp.where(tried, kind, 1 - kind)]
        best = jnp.argmax(speeds)
        size, planned = best // menu.most, best % menu.most + 1
        gain = speeds.reshape(-1)[best] * menu.costs.step
        known = jnp.any(history.pieces.lengths > 0)
        smallest = len(menu.sizes) - 1
        doubled = jnp.exp2(jnp.minimum(history.failures, 20).astype(history.since.dtype))
        waiting = known & (history.since < self.wait * doubled)
        otherwise = jnp.where(self._affordable(history, menu), TRIAL, BUDGET)
        otherwise = jnp.where(waiting, WAITING, otherwise)
        reason = jnp.where(known & (gain > 1 + self.margin), PAID, otherwise)
        trial = reason == TRIAL
        return _choice(
            history,
            (reason == PAID) | trial,
            reason,
            size=jnp.where(trial, smallest, size),
            iterations=jnp.where(trial, min(_TRIAL_ITERATIONS, menu.most), planned),
            analogue=jnp.where(kind == ANALOGUE, analogue, -1),
            gain=jnp.where(known, gain, jnp.nan),
        )

    def _affordable(self, history: History, menu: WindowMenu) -> Bool[Array, ""]:
        """Whether the run is within its budget; one trial may exceed that."""
        return history.spent <= (1 + self.budget) * menu.costs.step * history.steps


def decision_of(mode: "str | AbstractDecision", restart_every: int) -> AbstractDecision:
    """Return the decision that a mode names."""
    if isinstance(mode, AbstractDecision):
        return mode
    return {
        "auto": PredictedTime(),
        "parallel": AlwaysParallel(restart_every),
        "sequential": AlwaysSequential(),
    }[mode]
