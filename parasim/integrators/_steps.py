"""A window of an integration as a recurrence: its nodes in time and its step maps."""

from typing import Any

import diffrax
import jax.numpy as jnp
from jaxtyping import PyTree

from parasim.integrators._inner_step import ExplicitStep, GenericStep, inner_step
from parasim.integrators._window import Recurrence


def window_recurrence(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    nodes: Any,
    dt: Any,
    y: PyTree,
    interval: int,
) -> tuple[Recurrence, ExplicitStep | GenericStep]:
    """Return the inner solver's steps from node to node, and the fine step map.

    Arguments:
        solver: the inner solver.
        terms, args: as diffrax hands them to a solver.
        nodes: the N + 1 times between which the steps go, in floating point.
        dt: the size of every step; the differences of `nodes` have rounding errors.
        y: a state, for the shapes and dtypes of its leaves.
        interval: L; a coarse step spans so many fine ones.
    """
    fine = inner_step(solver, terms, args, dt, y)
    coarse = inner_step(solver, terms, args, dt * interval, y)
    starts = nodes[:-1:interval]
    ends = jnp.concatenate([starts[1:], nodes[-1:]])
    recurrence = Recurrence(
        step=fine,
        inputs=(nodes[:-1], nodes[1:]),
        duration=dt * (nodes.shape[0] - 1),
        coarse_step=coarse,
        coarse_inputs=(starts, ends),
    )
    return recurrence, fine
