"""A window of an integration as a recurrence: its nodes in time and its step maps."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

from parasim.integrators._inner_step import ExplicitStep, GenericStep, inner_step
from parasim.integrators._recurrence import Recurrence


class StandingStep(eqx.Module):
    """A step that is made only where it is said to move; elsewhere the state stands still.

    Attributes:
        step: the step.
        first: the times `(t0, t1)` of the window's first step. Steps that do not move are made
            there, and forgotten: beyond the end the vector field may be anything.
    """

    step: ExplicitStep | GenericStep
    first: tuple[Any, Any]

    def __call__(self, y: PyTree, x: tuple[Any, Any, Any]) -> PyTree:
        """Return the state after the step from `x[0]` to `x[1]`, if `x[2]`; else y."""
        stepped = self.step(y, self._times(x))
        return jax.tree.map(lambda new, old: jnp.where(x[2], new, old), stepped, y)

    def details(
        self, y: PyTree, x: tuple[Any, Any, Any]
    ) -> tuple[PyTree | None, dict[str, PyTree]]:
        """Return the error estimate of the step, and what diffrax interpolates from."""
        error, dense_info = self.step.details(y, self._times(x))
        zeroed = jax.tree.map(lambda leaf: jnp.where(x[2], leaf, jnp.zeros_like(leaf)), error)
        return zeroed, dense_info

    def _times(self, x: tuple[Any, Any, Any]) -> tuple[Any, Any]:
        return jnp.where(x[2], x[0], self.first[0]), jnp.where(x[2], x[1], self.first[1])


def window_recurrence(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    nodes: Any,
    dt: Any,
    y: PyTree,
    interval: int,
    count: Int[Array, ""] | None = None,
) -> tuple[Recurrence, ExplicitStep | GenericStep | StandingStep]:
    """Return the inner solver's steps from node to node, and the fine step map.

    Arguments:
        solver: the inner solver.
        terms, args: as diffrax hands them to a solver.
        nodes: the N + 1 times between which the steps go, in floating point.
        dt: the size of every step; the differences of `nodes` have rounding errors.
        y: a state, for the shapes and dtypes of its leaves.
        interval: L; a coarse step spans so many fine ones.
        count: how many of the steps move, if not all of them do.
    """
    fine = inner_step(solver, terms, args, dt, y)
    coarse = inner_step(solver, terms, args, dt * interval, y)
    inputs = nodes[:-1], nodes[1:]
    starts = nodes[:-1:interval]
    coarse_inputs = starts, jnp.concatenate([starts[1:], nodes[-1:]])
    duration = dt * (nodes.shape[0] - 1)
    if count is not None:
        moving = jnp.arange(nodes.shape[0] - 1, dtype=count.dtype) < count
        fine, coarse = (StandingStep(step, (nodes[0], nodes[1])) for step in (fine, coarse))
        inputs, coarse_inputs = (*inputs, moving), (*coarse_inputs, moving[::interval])
        duration = nodes[-1] - nodes[0]
    return Recurrence(fine, inputs, duration, coarse, coarse_inputs, count), fine
