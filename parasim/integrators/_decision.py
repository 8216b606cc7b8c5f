"""The choice of how to go on: in parallel, on how many steps at once, or one after the other.

A `Decision` is a function of what the run remembers (`_history.py`) and of what windows cost
(`_costs.py`). The default predicts times. As Newton's method is causal, one run of it on a piece
tells how many iterations every shorter piece would have taken: the fronts, how many steps had
converged after each iteration. For every size and every number of iterations the last fronts give
how many steps that would deliver per unit of time, and the best of these is compared with stepping.
"""

import abc
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim._errors import ConfigError
from parasim.integrators._costs import WindowMenu
from parasim.integrators._history import History

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

# Measured with Tsit5 on Lorenz-63 and Lorenz-96 (docs/design.md, decision 7).
_ITERATIONS_PER_GROWTH = 2.0

# So many iterations are planned where nothing is known: chaotic systems converge over 2 to 3 times
# their growth time in them (docs/design.md, decision 7).
_TRIAL_ITERATIONS = 6


class Choice(NamedTuple):
    """How to go on.

    Attributes:
        parallel: whether by Newton's method.
        size: then on a piece of which size; an index into the menu's.
        iterations: and with so many iterations, or more while all updates shrink.
        reason: a number of `REASONS`.
        gain: how many times as fast as stepping that is expected to be; NaN if nothing is known.
    """

    parallel: Bool[Array, ""]
    size: Int[Array, ""]
    iterations: Int[Array, ""]
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
        """Whether the window will be through in time, at its pace so far."""
        in_time = history.iterations * menu.steps <= menu.most * history.position
        return in_time | (history.iterations == 0)


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
        del menu
        return _choice(history, parallel=True, reason=PARALLEL, iterations=self.iterations)


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
        return _choice(history, unknown | calm, reason, iterations=self.iterations)


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
    forgetting: float = eqx.field(default=0.8, static=True)

    def __check_init__(self):
        ranges = {"margin": (0, 1), "budget": (0, 1), "wait": (1, 2**30), "forgetting": (0.01, 1)}
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(
                    f"{name} must be from {least:g} to {most:g}, not {getattr(self, name)!r}"
                )

    def choose(self, history: History, menu: WindowMenu) -> Choice:
        """Return the choice."""
        speeds = jnp.stack([self._speeds(history, menu, place) for place in range(len(menu.sizes))])
        best = jnp.argmax(speeds)
        size, planned = best // menu.most, best % menu.most + 1
        gain = speeds.reshape(-1)[best] * menu.costs.step
        known = jnp.any(history.lengths > 0)
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
            gain=jnp.where(known, gain, jnp.nan),
        )

    def _speeds(self, history: History, menu: WindowMenu, place: int) -> Float[Array, " most"]:
        """Return the steps per time of pieces of one size, for each number of iterations."""
        size, cost = menu.sizes[place], menu.piece(place)
        dtype = history.tangent.dtype
        age = jnp.arange(history.lengths.shape[0], dtype=dtype)
        weights = jnp.where(history.lengths > 0, self.forgetting**age, 0)
        steps = jnp.minimum(_extended(history, menu, size), size)
        made = jnp.arange(1, menu.most + 1, dtype=dtype)
        done = jnp.argmax(steps >= size, axis=1) + 1  # iterations until all of it has converged
        done = jnp.where(steps[:, -1] >= size, done, menu.most).astype(dtype)
        times = cost.guess + jnp.minimum(made[None], done[:, None]) * cost.iteration
        delivered = jnp.sum(weights[:, None] * steps, axis=0)
        taken = jnp.sum(weights[:, None] * times, axis=0)
        return jnp.where(taken > 0, delivered / jnp.where(taken > 0, taken, 1), 0)

    def _affordable(self, history: History, menu: WindowMenu) -> Bool[Array, ""]:
        """Whether the run is within its budget; one trial may exceed that."""
        return history.spent <= (1 + self.budget) * menu.costs.step * history.steps


def _extended(history: History, menu: WindowMenu, size: int) -> Float[Array, "K most"]:
    """Return the fronts that are expected of the last pieces, had they been of this size.

    Where one has converged from end to end, those of a longer one go on from there, evenly, in one
    iteration more, and two for every factor e by which tangents grow over what is added.
    """
    dtype = history.tangent.dtype
    fronts, lengths = history.fronts.astype(dtype), history.lengths[:, None].astype(dtype)
    through = fronts >= lengths
    since = jnp.cumsum(through, axis=1, dtype=dtype) - 1  # iterations after it was through
    rate = jnp.maximum(history.growth.mean, 0) * menu.step_duration.astype(dtype)
    more = jnp.maximum(size - lengths, 0)
    needed = 1 + _ITERATIONS_PER_GROWTH * jnp.where(jnp.isnan(rate), 0, rate) * more
    reached = lengths + more * jnp.minimum(since / needed, 1)
    return jnp.where(through, jnp.maximum(reached, lengths), fronts)


def decision_of(mode: "str | AbstractDecision", restart_every: int) -> AbstractDecision:
    """Return the decision that a mode names."""
    if isinstance(mode, AbstractDecision):
        return mode
    return {
        "auto": PredictedTime(),
        "parallel": AlwaysParallel(restart_every),
        "sequential": AlwaysSequential(),
    }[mode]
