"""A window that is known, however that came about."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from parasim.integrators.decision._history import History
from parasim.integrators.window._recurrence import Recurrence
from parasim.integrators.window._walk_state import Walk


class Delivered(NamedTuple):
    """A window that is known.

    Attributes:
        y1: its last state.
        states: after each step, along a leading axis.
        parallel_steps: how many of them Newton's method delivered.
        iterations: that it made.
        update: the largest certificate.
        growth: of tangents, per unit of time; NaN if not measured.
        history: after the window's steps.
    """

    y1: PyTree
    states: PyTree
    parallel_steps: Int[Array, ""]
    iterations: Int[Array, ""]
    update: Float[Array, ""]
    growth: Float[Array, ""]
    history: History

    @classmethod
    def by_walk(
        cls, found: Walk, y1: PyTree, states: PyTree, recurrence: Recurrence
    ) -> "Delivered":
        """Return what a walk through a window has found, and its states as they are wanted."""
        delivered = found.history.delivered
        share = delivered.astype(found.y.dtype) / recurrence.steps
        time = jnp.asarray(recurrence.duration, found.y.dtype) * share
        return cls(
            y1,
            states,
            parallel_steps=delivered,
            iterations=found.history.iterations,
            update=found.update,
            growth=jnp.where(delivered > 0, found.history.log_growth / time, jnp.nan),
            history=found.history,
        )
