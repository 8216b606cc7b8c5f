"""The inner solver's step as a map `(y, slot) -> y`, by the cheapest way there is."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from parasim._errors import ConfigError
from parasim.integrators.newton._finite import all_finite
from parasim.integrators.steps._controls import with_increments
from parasim.integrators.steps._differentiable import differentiable, forward_only
from parasim.integrators.steps._diffrax_private import first_slope_known, unwrapped
from parasim.integrators.steps._explicit import EulerStep, ExplicitStep, like_each_leaf
from parasim.integrators.steps._iteration import Iteration, MapStep
from parasim.integrators.steps._nodes import Slot
from parasim.integrators.steps._quick_explicit import QuickStep, quick_explicit_step
from parasim.integrators.steps._resets import ResetStep, WithResets

_WITH_MEMORY = (diffrax.LeapfrogMidpoint, diffrax.ReversibleHeun)
_REMEMBERS = (
    "carries more than the state from step to step, so a window of its steps is no recurrence in "
    "the state"
)

# Where the other solvers come from whose own state follows from the state of the system.
_KNOWN = ("diffrax", "parasim")


class GenericStep(eqx.Module):
    """A step through the solver's own `step`, started afresh every time.

    A step that reports failure, such as an implicit one whose equations it could not solve,
    returns NaN.

    Attributes:
        solver: made `differentiable`, or `forward_only`.
        terms, args: as diffrax hands them to a solver.
        dt: the step size, if an `ODETerm` is stepped: then the solver counts time from the start
            of each step, as the difference of two large times is not dt in floating point. None
            for other terms, whose increments belong to the times themselves.
        somewhere: a state at which the terms can be evaluated, to stand in for one at which they
            cannot: zero may be a singular point of theirs.
    """

    solver: diffrax.AbstractSolver
    terms: PyTree
    args: PyTree
    dt: Any
    somewhere: PyTree

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step."""
        y1, _, _, okay = self._step(y, slot)
        return jax.tree.map(lambda leaf: jnp.where(okay, leaf, jnp.nan), y1)

    def details(self, y: PyTree, slot: Slot) -> tuple[PyTree | None, dict[str, PyTree]]:
        """Return the solver's error estimate of the step, and what diffrax interpolates from.

        That is NaN for a step that failed.
        """
        _, error, dense_info, okay = self._step(y, slot)
        numbers, others = eqx.partition(dense_info, eqx.is_inexact_array)
        numbers = jax.tree.map(lambda leaf: jnp.where(okay, leaf, jnp.nan), numbers)
        return error, eqx.combine(numbers, others)

    @eqx.filter_jit  # to be traced once: an implicit step takes a second
    def _step(self, y: PyTree, slot: Slot) -> tuple[PyTree, PyTree, dict, Array]:
        """Step, and say whether that worked."""
        # lineax ends the program where a linear solver meets NaN; a guess may well lead there, and
        # a controller that has seen NaN asks for a step of NaN.
        known, timely = all_finite(y), all_finite((slot.start, slot.end, self.dt))
        y = jax.tree.map(lambda a, b: jnp.where(known, a, b), y, self.somewhere)
        # Each by itself: dt is the same for all steps of a loop, and must stay so.
        t0, t1, dt = jax.tree.map(_finite_or_zero, (slot.start, slot.end, self.dt))
        terms = with_increments(self.terms, slot.increments)
        if dt is not None:
            terms, t0, t1 = _from(t0, terms, dt), jnp.zeros_like(dt), dt
        state = self.solver.init(terms, t0, t1, y, self.args)
        _check_memory(self.solver, state)
        state = first_slope_known(self.solver, state, terms, t0, y, self.args)
        y1, error, dense_info, _, result = self.solver.step(
            terms, t0, t1, y, self.args, state, made_jump=False
        )
        return y1, error, dense_info, known & timely & diffrax.is_okay(result)


def _finite_or_zero(leaf: Array) -> Array:
    return jnp.where(jnp.isfinite(leaf), leaf, jnp.zeros_like(leaf))


def _from(start: Any, term: diffrax.AbstractTerm, dt: Any) -> diffrax.ODETerm:
    """Return an `ODETerm`, wrapped by diffrax or not, with time counted from `start`."""
    direction = term.contr(jnp.zeros_like(dt), jnp.ones_like(dt))

    def field(t: Any, y: PyTree, args: PyTree) -> PyTree:
        slope = term.vf(start + t, y, args)
        return jax.tree.map(lambda leaf: direction.astype(leaf.dtype) * leaf, slope)

    return diffrax.ODETerm(field)


InnerStep = ExplicitStep | EulerStep | GenericStep | MapStep | ResetStep


def inner_step(
    solver: diffrax.AbstractSolver, terms: PyTree, args: PyTree, dt: Any, y: PyTree
) -> InnerStep:
    """Return the step map of a one-step solver, for steps of size dt.

    Explicit Runge-Kutta methods on an `ODETerm` are written out from their tableau, recurrences are
    applied; everything else goes through the solver's `step`.

    Arguments:
        solver: any diffrax solver that carries no state of its own from step to step.
        terms: as diffrax hands them to a solver.
        args: as the user gave them.
        dt: the step size, positive.
        y: a state on the way, such as the first.
    """
    if isinstance(solver, Iteration):
        return MapStep(lambda n, y: terms.vf(n, y, args))
    if isinstance(solver, WithResets):

        def plain(t: Any, dt: Any, y: PyTree) -> PyTree:
            return inner_step(solver.solver, terms, args, dt, y)(y, Slot(t, t + dt))

        return ResetStep(solver, plain, args, dt)
    ordinary = isinstance(unwrapped(terms), diffrax.ODETerm)
    # A subclass may have a step of its own, and a wrapper has one.
    by_tableau = type(solver).step is diffrax.AbstractERK.step
    if ordinary and by_tableau and isinstance(solver, diffrax.AbstractERK):
        scale = like_each_leaf(terms.contr(jnp.zeros_like(dt), dt), y)
        return ExplicitStep(solver, lambda t, y: terms.vf(t, y, args), dt, scale)
    if ordinary and type(solver).step is diffrax.Euler.step:
        scale = like_each_leaf(terms.contr(jnp.zeros_like(dt), dt), y)
        return EulerStep(lambda t, y: terms.vf(t, y, args), scale)
    somewhere = jax.tree.map(
        lambda leaf: jax.lax.stop_gradient(jnp.where(jnp.isfinite(leaf), leaf, 0)), y
    )
    return GenericStep(differentiable(solver), terms, args, dt if ordinary else None, somewhere)


def quick_step(
    step: InnerStep, solver: diffrax.AbstractSolver, t: Any, y: PyTree
) -> GenericStep | QuickStep | None:
    """Return the same step map of a solver, faster, without derivatives; None if there is none.

    Arguments:
        step: the step map.
        solver: that it is of.
        t, y: a time and a state, for shapes and dtypes.
    """
    if isinstance(step, ExplicitStep | EulerStep):
        return quick_explicit_step(step, t, y)
    if not isinstance(step, GenericStep):
        return None
    return eqx.tree_at(lambda step: step.solver, step, forward_only(solver))


def check_one_step(solver: Any) -> None:
    """Refuse what is no diffrax solver, or is one that remembers more than the state.

    Raises:
        ConfigError: names what to use instead.
    """
    if not isinstance(solver, diffrax.AbstractSolver):
        raise ConfigError(
            f"the inner solver must be a diffrax solver such as diffrax.Tsit5(), not {solver!r}"
        )
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        check_one_step(solver.solver)
    elif isinstance(solver, _WITH_MEMORY):
        raise ConfigError(
            f"{type(solver).__name__} {_REMEMBERS}; use a one-step method such as diffrax.Heun() "
            "or diffrax.Tsit5()"
        )


def _check_memory(solver: Any, state: PyTree) -> None:
    """Refuse a solver that is not diffrax's own and remembers something.

    Raises:
        ConfigError: names what to use instead.
    """
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        _check_memory(solver.solver, state)
    elif type(solver).init.__module__.partition(".")[0] not in _KNOWN and jax.tree.leaves(state):
        raise ConfigError(
            f"the solver state of {type(solver).__name__} is not empty: a method that "
            f"{_REMEMBERS}. If it follows from the state alone, as the first slope does, compute "
            "it in `step`, or inherit from diffrax.AbstractRungeKutta; else use a one-step method "
            "such as diffrax.Tsit5()"
        )
