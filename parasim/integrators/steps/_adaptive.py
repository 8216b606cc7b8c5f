"""Steps of an adaptive integration: diffrax's own, with its `PIDController`."""

from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

from parasim.integrators.steps._diffrax_private import unwrapped
from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._tolerance import Tolerance


class AdaptivePass(NamedTuple):
    """What an adaptive integration found.

    Attributes:
        mesh: its accepted steps; it ends early where there were not slots enough.
        states: after each of them, along a leading axis; the last one in slots that are not used.
        attempts: how many steps it made, the rejected ones included.
    """

    mesh: Mesh
    states: PyTree
    attempts: Int[Array, ""]


def adaptive_pass(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    t0: Any,
    t1: Any,
    y0: PyTree,
    tolerance: Tolerance,
    slots: int,
) -> AdaptivePass:
    """Integrate adaptively, and keep every step.

    Arguments:
        solver: the inner solver.
        terms, args: as diffrax hands them to a solver.
        t0, t1: where to start, and to end.
        y0: the state at the start.
        tolerance: of every step.
        slots: at most so many steps are tried.
    """
    solution = diffrax.diffeqsolve(
        terms,
        solver,
        t0,
        t1,
        _first_step(solver, terms, args, t0, t1, y0, tolerance),
        y0,
        args,
        saveat=diffrax.SaveAt(steps=True),
        stepsize_controller=tolerance.controller,
        adjoint=diffrax.ForwardMode(),
        max_steps=slots,
        throw=False,
    )
    count = jnp.asarray(solution.stats["num_accepted_steps"], jnp.int32)
    mesh = Mesh.of_ends(t0, solution.ts, count)  # pyright: ignore[reportArgumentType]

    def standing(first: Array, states: Array) -> Array:
        last = jnp.where(count > 0, states[jnp.maximum(count - 1, 0)], first)
        made = mesh.made.reshape(-1, *(1,) * first.ndim)
        return jnp.where(made, states, last)

    states = jax.tree.map(standing, y0, solution.ys)
    return AdaptivePass(mesh, states, jnp.asarray(solution.stats["num_steps"], jnp.int32))


def _first_step(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    t0: Any,
    t1: Any,
    y0: PyTree,
    tolerance: Tolerance,
) -> Any:
    """Return the first step as the controller chooses it; diffrax hides from it that this is one.

    (`diffeqsolve` wraps terms before it asks the controller, which then answers 0.01.)
    """
    if not isinstance(unwrapped(terms), diffrax.ODETerm):
        return None
    term = diffrax.ODETerm(lambda t, y, args: terms.vf(t, y, args))
    order = solver.error_order(terms)
    with jax.numpy_dtype_promotion("standard"):  # of times with complex states
        end, _ = tolerance.controller.init(term, t0, t1, y0, None, args, solver.func, order)
    return jnp.minimum(end, t1) - t0
