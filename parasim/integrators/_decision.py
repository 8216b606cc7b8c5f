"""The choice between integrating the next window in parallel and stepping through it.

There is a number of iterations up to which parallel pays (`_costs.py`). How many the next window
will take is known from the last parallel window, else from the growth of tangents, else it is
tried. A window that did not pay is followed by 2, 4, 8, ... sequential ones before the next trial.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators._costs import DeviceCosts, WindowShape

REASONS = (
    "mode='sequential' was asked for",
    "mode='parallel' was asked for",
    "on this device parallel does not pay at this size",
    "nothing is known yet: a trial",
    "the last parallel window took few enough iterations",
    "tangents grow slowly enough for parallel to pay",
    "tangents grow too fast for parallel to pay",
    "a parallel window did not pay: waiting before the next trial",
    "parallel does not pay for another member of the batch",
)
"""What the `reason` of a window means, by its number."""

SEQUENTIAL, PARALLEL, DEVICE, TRIAL, PAID, CALM, GROWTH, WAITING, BATCH = range(len(REASONS))

_UNKNOWN_ITERATIONS = 4
_LONGEST_WAIT = 1024

# Iterations of a window over which tangents grow by a factor exp(x): 3 + 2 x, measured with Tsit5
# on Lorenz-63 and Lorenz-96, L = 8, for x up to 12 (docs/design.md, decision 7).
_ITERATIONS_AT_REST, _ITERATIONS_PER_GROWTH = 3.0, 2.0


class History(NamedTuple):
    """What a run remembers for the next decision.

    Attributes:
        windows: how many there were.
        iterations: of the last parallel window; 0 before the first.
        failures: how many parallel windows in a row did not pay.
        wait: sequential windows to come before the next trial.
        growth_rate: as measured last, per unit of time; NaN before.
        tangent: the unit tangent that measures it.
    """

    windows: Int[Array, ""]
    iterations: Int[Array, ""]
    failures: Int[Array, ""]
    wait: Int[Array, ""]
    growth_rate: Float[Array, ""]
    tangent: Float[Array, " d"]

    @classmethod
    def start(cls, tangent: Float[Array, " d"]) -> "History":
        """Return the history of a run before its first window."""
        zero = jnp.zeros((), jnp.int32)
        return cls(zero, zero, zero, zero, jnp.full((), jnp.nan, tangent.dtype), tangent)


def decide(
    history: History, shape: WindowShape, costs: DeviceCosts
) -> tuple[Bool[Array, ""], Int[Array, ""]]:
    """Choose the mode of the next window.

    Returns:
        Whether to integrate it in parallel, and the number of the reason in `REASONS`.
    """
    duration = shape.duration.astype(history.growth_rate.dtype)
    grown = jnp.maximum(history.growth_rate, 0) * duration
    by_growth = _ITERATIONS_AT_REST + _ITERATIONS_PER_GROWTH * grown
    trusted = (history.iterations > 0) & (history.failures == 0)  # so it paid
    unknown = ~trusted & jnp.isnan(history.growth_rate)
    expected = jnp.where(unknown, _UNKNOWN_ITERATIONS, by_growth)
    expected = jnp.where(trusted, history.iterations.astype(expected.dtype), expected)
    pays = expected <= costs.affordable_iterations(shape)
    waiting = history.wait > 0
    promising = jnp.where(trusted, PAID, jnp.where(unknown, TRIAL, CALM))
    reason = jnp.where(pays, promising, jnp.where(unknown, DEVICE, GROWTH))
    return pays & ~waiting, jnp.where(waiting, WAITING, reason).astype(jnp.int32)


def remember(
    history: History,
    shape: WindowShape,
    costs: DeviceCosts,
    *,
    parallel: Bool[Array, ""],
    converged: Bool[Array, ""],
    iterations: Int[Array, ""],
    growth_rate: Float[Array, ""],
    tangent: Float[Array, " d"],
) -> History:
    """Return the history with one more window.

    Arguments:
        parallel: whether Newton's method was tried on it.
        converged: whether that delivered it.
        iterations: how many that took.
        growth_rate: as measured in this window; NaN if it was not.
        tangent: after the window.
    """
    paid = converged & (iterations <= math.floor(costs.affordable_iterations(shape)))
    failures = jnp.where(parallel, jnp.where(paid, 0, history.failures + 1), history.failures)
    after_trial = jnp.where(paid, 0, jnp.minimum(2 ** jnp.minimum(failures, 16), _LONGEST_WAIT))
    return History(
        windows=history.windows + 1,
        iterations=jnp.where(parallel, iterations, history.iterations),
        failures=failures,
        wait=jnp.where(parallel, after_trial, jnp.maximum(history.wait - 1, 0)),
        growth_rate=jnp.where(jnp.isnan(growth_rate), history.growth_rate, growth_rate),
        tangent=tangent,
    )
