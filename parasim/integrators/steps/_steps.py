"""A window of an integration as a recurrence: its nodes in time and its step maps."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PyTree

from parasim.integrators.method._method import Method
from parasim.integrators.steps._controls import increments
from parasim.integrators.steps._implicit_stages import stage_equations
from parasim.integrators.steps._inner_step import InnerStep, inner_step, quick_step
from parasim.integrators.steps._iteration import Iteration
from parasim.integrators.steps._nodes import Slot
from parasim.integrators.steps._quick_explicit import QuickStep
from parasim.integrators.steps._sized_step import SizedStep
from parasim.integrators.window._recurrence import Recurrence


class StandingStep(eqx.Module):
    """A step that is made only where its slot says that it moves; elsewhere the state stands still.

    Attributes:
        step: the step.
        start: a state from which the slots that do not move can be stepped.
    """

    step: InnerStep | QuickStep | SizedStep
    start: PyTree

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step, if it moves; else y."""
        stepped = self.step(self._possible(y, slot), slot)
        return jax.tree.map(lambda new, old: jnp.where(slot.moving, new, old), stepped, y)

    def details(self, y: PyTree, slot: Slot) -> tuple[PyTree | None, dict[str, PyTree]]:
        """Return the error estimate of the step, and what diffrax interpolates from."""
        error, dense_info = self.step.details(self._possible(y, slot), slot)
        error = jax.tree.map(lambda leaf: jnp.where(slot.moving, leaf, jnp.zeros_like(leaf)), error)
        return error, dense_info

    def _possible(self, y: PyTree, slot: Slot) -> PyTree:
        start = jax.lax.stop_gradient(self.start)
        return jax.tree.map(lambda own, other: jnp.where(slot.moving, own, other), y, start)


def window_recurrence(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    nodes: Any,
    dt: Any,
    y: PyTree,
    method: Method,
    count: Int[Array, ""] | None = None,
) -> tuple[Recurrence, InnerStep | StandingStep]:
    """Return the inner solver's steps from node to node, and the fine step map.

    A recurrence has no coarse steps.

    Arguments:
        solver: the inner solver.
        terms, args: as diffrax hands them to a solver.
        nodes: the N + 1 times between which the steps go, in floating point.
        dt: the size of every step; the differences of `nodes` have rounding errors.
        y: the state at the first node.
        method: a coarse step spans as many fine ones as its intervals; its guess may be a function.
        count: how many of the steps move, if not all of them do.
    """
    interval = method.interval
    fine = inner_step(solver, terms, args, dt, y)
    coarse = inner_step(solver, terms, args, dt * interval, y)
    starts = nodes[:-1:interval]
    fine_times = nodes[:-1], nodes[1:]
    coarse_times = starts, jnp.concatenate([starts[1:], nodes[-1:]])
    quick = quick_step(fine, solver, nodes[0], y)
    duration, moving = dt * (nodes.shape[0] - 1), None
    if count is not None:
        fine, coarse = StandingStep(fine, y), StandingStep(coarse, y)
        quick = None if quick is None else StandingStep(quick, y)
        duration = nodes[-1] - nodes[0]
        moving = jnp.arange(nodes.shape[0] - 1, dtype=count.dtype) < count
    guess = method.guessed(nodes[1:], y)
    if isinstance(solver, Iteration):
        inputs = step_slots(solver, terms, fine_times, moving)
        return Recurrence(
            step=fine, inputs=inputs, duration=duration, guess=guess, moving=count
        ), fine
    return Recurrence(
        step=fine,
        inputs=step_slots(solver, terms, fine_times, moving),
        duration=duration,
        coarse_step=coarse,
        coarse_inputs=step_slots(
            solver, terms, coarse_times, None if moving is None else moving[::interval]
        ),
        guess=guess,
        moving=count,
        equations=stage_equations(solver, terms, args, dt, y, nodes.shape[0] - 1),
        quick_step=quick,
    ), fine


def step_slots(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    times: tuple[Array, Array],
    moving: Bool[Array, " N"] | None,
    sized: bool = False,
) -> Slot:
    """Return what steps are made from.

    Arguments:
        solver: the inner solver.
        terms: as diffrax hands them to a solver.
        times: at which they start, and end.
        moving: which of them are made; None: all.
        sized: whether each has its own size.
    """
    if moving is not None:
        # Beyond the end terms may be anything. Instead of the steps that do not move the window's
        # first one is made, and forgotten.
        times = jax.tree.map(lambda leaf: jnp.where(moving, leaf, leaf[0]), times)
    dt = times[1] - times[0] if sized else None
    return Slot(*times, increments(solver, terms, *times), moving, dt)
