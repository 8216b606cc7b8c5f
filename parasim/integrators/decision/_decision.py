"""The choice of how to go on: in parallel, on how many steps at once, or one after the other.

A decision is a function of what the run remembers (`_history.py`) and of what windows cost
(`_costs.py`). Here are the simple ones; the default is in `_predicted_time.py`.
"""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._guess_kind import better_kind
from parasim.integrators.decision._history import ANALOGUE, History
from parasim.integrators.decision._prediction import predict

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
    "Jacobians do not fit into memory",
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
    MEMORY,
) = range(len(REASONS))


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
        return choice_of(history, parallel=False, reason=reason)


def choice_of(history: History, parallel: Array | bool, reason: Array | int, **more) -> Choice:
    """Return a choice; what is not given does not matter, or is not known."""

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
        in_time = history.iterations * menu.sizes[0] <= menu.most * history.position
        return in_time | (history.iterations <= self.iterations)

    def _wholly(self, history: History, menu: WindowMenu, parallel: Any, reason: Any) -> Choice:
        """Return the choice of all of the window, with the better first guess."""
        analogue = history.past.analogue()
        prediction = predict(history, menu, analogue)
        times = prediction.time[:, 0, min(self.iterations, menu.most) - 1]
        kind, _ = better_kind(history, menu, times, analogue)
        return choice_of(
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
        return GrowthThreshold(threshold=0.0, iterations=self.iterations).choose(history, menu)
