"""Events at inner resolution: a window in which one happens is made again, and ends there.

diffrax compares an event's conditions at the two ends of a step, and a window is a step, so a
crossing there and back inside a window is missed. `EventSolver` looks at all inner steps, and asks
for the window to end with the first one over which a condition changes. Only the controller decides
where windows end, and all that diffrax hands from a solver to a controller is the error estimate,
so that carries the wish to a `Cutting` controller. Every window that is accepted then holds one
change at most, in its last inner step, and diffrax does the rest.
"""

# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

import dataclasses
from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree, Real

from parasim._errors import ConfigError
from parasim.integrators.solver._cutting import Wish
from parasim.integrators.solver._parallel_newton import ParallelNewton
from parasim.integrators.solver._stand_in import AbstractStandIn
from parasim.integrators.steps._interpolation import WindowInterpolation


class EventSolver(AbstractStandIn):
    """A `ParallelNewton` that asks, through its error estimate, for windows to end at events.

    Attributes:
        windows: the solver.
        conditions: of the event, any number of them.
        options: what diffrax hands to conditions besides time, state, args, terms and solver.
    """

    windows: ParallelNewton
    conditions: list[Callable[..., Any]]
    options: dict[str, Any]

    @property
    def solver(self) -> diffrax.AbstractSolver:
        """The inner solver."""
        return self.windows.solver

    @property
    def interpolation_cls(self) -> Callable[..., diffrax.AbstractLocalInterpolation]:
        """The `ParallelNewton`'s."""
        return self.windows.interpolation_cls

    def init(self, terms: PyTree, t0: Any, t1: Any, y0: PyTree, args: PyTree) -> PyTree:
        """Return the `ParallelNewton`'s state."""
        return self.windows.init(terms, t0, t1, y0, args)

    def step(
        self,
        terms: PyTree,
        t0: Any,
        t1: Any,
        y0: PyTree,
        args: PyTree,
        solver_state: PyTree,
        made_jump: Any,
    ) -> tuple[PyTree, PyTree, dict[str, PyTree], PyTree, diffrax.RESULTS]:
        """Integrate one window, and look for the first inner step over which a condition changes.

        Returns:
            As `ParallelNewton.step`; the error estimate is a `Wish`.
        """
        y1, error, dense_info, state, result = self.windows.step(
            terms, t0, t1, y0, args, solver_state, made_jump
        )
        window = self.interpolation_cls(t0=t0, t1=t1, **dense_info)
        assert isinstance(window, WindowInterpolation)
        ends, states, made = window.inner_ends(self.windows.steps)

        before = self.values(terms, t0, y0, args)
        after = jax.vmap(lambda t, y: self.values(terms, t, y, args))(ends, states)
        changed = jnp.zeros_like(made)
        for first, later in zip(before, after, strict=True):
            changed |= _changes(first, later)
        changed &= made
        cut = jnp.where(jnp.any(changed), ends[jnp.argmax(changed)], jnp.inf)
        return y1, Wish(error, cut), dense_info, state, result

    def values(self, terms: PyTree, t: Any, y: PyTree, args: PyTree) -> list[Array]:
        """Return the conditions' values, each a bool or a floating point number."""
        values = [
            condition(t, y, args, terms=terms, solver=self.windows, **self.options)
            for condition in self.conditions
        ]
        for value in values:
            scalar = jax.tree.structure(value) == jax.tree.structure(0) and jnp.shape(value) == ()
            if not scalar:
                raise ConfigError(f"the cond_fn of an Event must return a scalar, not {value}")
            dtype = jnp.result_type(value)
            if not (jnp.issubdtype(dtype, jnp.bool_) or jnp.issubdtype(dtype, jnp.floating)):
                raise ConfigError(
                    f"the cond_fn of an Event must return a bool or a float, not {dtype}"
                )
        return [jnp.asarray(value) for value in values]


def _changes(before: Array, after: Array) -> Bool[Array, " steps"]:
    """Say over which inner steps a condition becomes true, or changes its sign."""
    if after.dtype == jnp.bool_:
        return after
    before = jnp.concatenate([before[None], after[:-1]])
    known = ~jnp.isnan(before) & ~jnp.isnan(after)
    return known & (jnp.sign(before) != jnp.sign(after))


class Undefined(eqx.Module):
    """A `SubSaveAt(fn=...)` that says which conditions are NaN, as 1 and 0.

    diffrax takes that for a change of sign, and the failure of the integration for an event.
    """

    solver: EventSolver
    terms: PyTree
    direction: Array

    def __call__(self, t: Any, y: PyTree, args: PyTree) -> Real[Array, " conditions"]:
        values = self.solver.values(self.terms, t * self.direction, y, args)
        return jnp.stack([jnp.where(jnp.isnan(value), 1.0, 0.0) for value in values])


def checked_event(
    solution: diffrax.Solution, undefined: Real[Array, " conditions"]
) -> diffrax.Solution:
    """Return the solution as one that failed, if its event is a condition that is NaN."""
    masks, structure = jax.tree.flatten(solution.event_mask)
    kept = [mask & (flag == 0) for mask, flag in zip(masks, undefined, strict=True)]
    failed = jnp.any(jnp.stack(masks) & ~jnp.stack(kept))
    nonfinite = diffrax.RESULTS.nonfinite
    return dataclasses.replace(
        solution,
        event_mask=structure.unflatten(kept),
        result=diffrax.RESULTS.where(
            failed,
            nonfinite,  # pyright: ignore[reportArgumentType]
            solution.result,
        ),
    )


class _Condition(eqx.Module):
    """A condition that sees the user's solver and controller, and not what was wrapped around."""

    condition: Callable[..., Any]

    def __call__(
        self, t: Any, y: PyTree, args: PyTree, *, solver: Any, stepsize_controller: Any, **options
    ) -> Any:
        return self.condition(
            t,
            y,
            args,
            solver=solver.windows,
            stepsize_controller=stepsize_controller.controller,
            **options,
        )


def wrapped_event(event: diffrax.Event) -> diffrax.Event:
    """Return the event for use with an `EventSolver` and a `Cutting` controller."""
    conditions = jax.tree.map(_Condition, event.cond_fn, is_leaf=callable)
    return diffrax.Event(conditions, event.root_finder, event.direction)
