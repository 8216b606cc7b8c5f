"""The records of a run's windows, kept where they can be read after `diffeqsolve`."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from parasim._errors import ConfigError
from parasim.integrators.decision._decision import REASONS
from parasim.integrators.decision._history import History
from parasim.integrators.window._record import WindowRecord


class WindowLog(eqx.Module):
    """The most recent windows' ends and records, in a ring.

    Attributes:
        count: how many windows were written, the overwritten ones included.
        ends: the time at the end of each window.
        records: one leaf per field of `WindowRecord`, with the ring along the leading axis.
        more: the same of another record, if the windows have one.
    """

    count: Int[Array, ""]
    ends: Array
    records: WindowRecord
    more: Any = None

    @classmethod
    def empty(cls, capacity: int, time_dtype: Any, dtype: Any, more: Any = None) -> "WindowLog":
        """Return a log of no windows yet, for times and states of the given dtypes."""
        flags, numbers, values = (jnp.zeros(capacity, kind) for kind in (bool, jnp.int32, dtype))
        records = WindowRecord(
            parallel=flags,
            reason=numbers,
            fell_back=flags,
            parallel_steps=numbers,
            iterations=numbers,
            gain=values,
            predicted_iterations=values,
            cost=values,
            wasted=values,
            update=values,
            growth_rate=values,
            exponent=values,
            exponent_error=values,
            finite=flags,
        )
        more = jax.tree.map(lambda leaf: jnp.zeros(capacity, leaf.dtype), more)
        return cls(jnp.zeros((), jnp.int32), jnp.zeros(capacity, time_dtype), records, more)

    def written(self, end: Any, record: WindowRecord, more: Any = None) -> "WindowLog":
        """Return the log with one more window."""
        place = self.count % self.ends.shape[0]
        ends, records, more = jax.tree.map(
            lambda ring, leaf: ring.at[place].set(leaf),
            (self.ends, self.records, self.more),
            (end, record, more),
        )
        return WindowLog(self.count + 1, ends, records, more)


class SolverState(NamedTuple):
    """What `ParallelNewton` carries from window to window inside `diffeqsolve`."""

    history: History
    log: WindowLog


def windows(solution: Any) -> dict[str, np.ndarray]:
    """Say what `ParallelNewton` decided in each window of a `diffeqsolve`, and why.

    Arguments:
        solution: what `diffrax.diffeqsolve` returned, called with
            `saveat=SaveAt(..., solver_state=True)`; not batched by `vmap` (index it first).

    Returns:
        An array per quantity, a number per window, the oldest first: `window_time` (its end),
        `growth_rate` (nats per unit of time; NaN where it was not measured), `exponent` and
        `exponent_error` (the running estimate of the largest exponent, and its standard error),
        `mode` (what delivered the window: 0 sequential, 1 parallel), `reason` (in words),
        `fell_back` (whether it began in parallel, and the rest was stepped through),
        `parallel_steps` (how many Newton's method delivered), `iterations`, `predicted_iterations`
        and `gain` (how many it was expected to take, and how many times as fast as stepping that
        would be; NaN where that was not asked), `cost` (reckoned, in sequential steps), `wasted`
        (of that, in pieces that were slower than stepping), `update`. With
        `rtol` and `atol` also `coarse_attempts` and `attempts` (steps tried one after the other, at
        the looser tolerance and at this one), `rounds` (how often steps were divided, or solved for
        again), `inner_steps` and `error` (the largest, in units of the tolerance). Only the most
        recent windows are kept: see `ParallelNewton.log_length`.

    Raises:
        ConfigError: the solution has no state of a `ParallelNewton`.
    """
    state = getattr(solution, "solver_state", None)
    if not isinstance(state, SolverState):
        raise ConfigError(
            "this solution does not hold the state of a ParallelNewton: call diffeqsolve with "
            "solver=ParallelNewton(...) and saveat=SaveAt(..., solver_state=True)"
        )
    log = state.log
    if jnp.ndim(log.count):
        raise ConfigError(
            "this solution is a batch: take one member first, such as "
            "jax.tree.map(lambda leaf: leaf[0], solution)"
        )
    count, capacity = int(log.count), log.ends.shape[0]
    order = np.arange(max(count - capacity, 0), count) % capacity
    kept, more = jax.tree.map(lambda ring: np.asarray(ring)[order], (log.records, log.more))
    return {
        "window_time": np.asarray(log.ends)[order],
        "growth_rate": kept.growth_rate,
        "exponent": kept.exponent,
        "exponent_error": kept.exponent_error,
        "mode": kept.parallel.astype(np.int8),
        "reason": np.array([REASONS[code] for code in kept.reason], dtype=object),
        "fell_back": kept.fell_back,
        "parallel_steps": kept.parallel_steps,
        "iterations": kept.iterations,
        "predicted_iterations": kept.predicted_iterations,
        "gain": kept.gain,
        "cost": kept.cost,
        "wasted": kept.wasted,
        "update": kept.update,
        **({} if more is None else more._asdict()),
    }
