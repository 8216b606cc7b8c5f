"""Jumps of the state inside a step, at the moment at which a condition passes zero.

A step that does not reach a jump is the inner solver's. In one that does, the moment is where the
inner solver's own step, as a function of its length, meets the condition; from there another step
of that solver makes up the rest. So a step with a jump is still one map of the state, as smooth as
the crossing is, and Newton's method, exponents and gradients go through it: the derivative of the
moment is that of the implicit function.
"""

# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from parasim._errors import ConfigError
from parasim.integrators.newton._finite import all_finite
from parasim.integrators.newton._tangent_rule import with_tangent_rule
from parasim.integrators.steps._differentiable import differentiable
from parasim.integrators.steps._nodes import Slot
from parasim.integrators.window._recurrence import constant

Condition = Callable[[Any, PyTree, PyTree], Any]
Jump = Callable[[Any, PyTree, PyTree], PyTree]
PlainStep = Callable[[Any, Any, PyTree], PyTree]

_MOST_ITERATIONS = 100  # bisection alone needs 53


class WithResets(diffrax.AbstractWrappedSolver):
    """A one-step solver whose state jumps wherever a condition passes zero upwards.

    Arguments:
        solver: the inner one-step solver.
        conditions: `(t, y, args) -> number` each, negative before and after its jump.
        jumps: `(t, y, args) -> state` after it, one for each condition.
        most: how many jumps a step may have; one with more fails. Steps with a jump cost some ten
            inner steps, and in parallel windows all do.

    Two crossings of a condition within one step, there and back, are not seen. Time must run
    forwards.

    Raises:
        ConfigError: there are not as many conditions as jumps, or none.
    """

    solver: diffrax.AbstractSolver
    conditions: tuple[Condition, ...]
    jumps: tuple[Jump, ...]
    most: int = eqx.field(static=True, default=2)

    interpolation_cls: ClassVar[Callable[..., Any]] = diffrax.LocalLinearInterpolation

    def __check_init__(self):
        if len(self.conditions) != len(self.jumps) or not self.jumps:
            raise ConfigError("resets need a condition for every jump, and one at least")

    @property
    def term_structure(self) -> Any:
        """That of the inner solver."""
        return self.solver.term_structure

    def order(self, terms: PyTree) -> int | None:
        """Return that of the inner solver."""
        return self.solver.order(terms)

    def strong_order(self, terms: PyTree) -> Any:
        """Return that of the inner solver."""
        return self.solver.strong_order(terms)

    def init(self, terms: PyTree, t0: Any, t1: Any, y0: PyTree, args: PyTree) -> None:
        """Nothing is remembered from step to step."""

    def step(
        self,
        terms: PyTree,
        t0: Any,
        t1: Any,
        y0: PyTree,
        args: PyTree,
        solver_state: None,
        made_jump: Any,
    ) -> tuple[PyTree, None, dict[str, PyTree], None, diffrax.RESULTS]:
        """Step, with the jumps on the way."""
        del solver_state, made_jump

        solver = differentiable(self.solver)

        def plain(t: Any, dt: Any, y: PyTree) -> PyTree:
            state = solver.init(terms, t, t + dt, y, args)
            return solver.step(terms, t, t + dt, y, args, state, made_jump=False)[0]

        y1 = ResetStep(self, plain, args, t1 - t0)(y0, Slot(t0, t1))
        okay, bad = diffrax.RESULTS.successful, diffrax.RESULTS.nonfinite
        result = diffrax.RESULTS.where(all_finite(y1), okay, bad)  # pyright: ignore[reportArgumentType]
        return y1, None, {"y0": y0, "y1": y1}, None, result

    def func(self, terms: PyTree, t0: Any, y0: PyTree, args: PyTree) -> PyTree:
        """Evaluate the vector field."""
        return self.solver.func(terms, t0, y0, args)


class ResetStep(eqx.Module):
    """A step of size dt with the jumps on the way; NaN where there are too many of them.

    Attributes:
        resets: the conditions and the jumps.
        plain: `(t, dt, y) -> y` after a step without jumps.
        args: of the conditions and the jumps.
        dt: the size of the step.
    """

    resets: WithResets
    plain: PlainStep
    args: PyTree
    dt: Any

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step."""
        whole = self.plain(slot.start, self.dt, y)
        reaches = self._over(slot.start + self.dt, whole)
        return jax.lax.cond(reaches, lambda: self._through(slot.start, y), lambda: whole)

    def details(self, y: PyTree, slot: Slot) -> tuple[None, dict[str, PyTree]]:
        """Return no error estimate, and what diffrax interpolates from."""
        return None, {"y0": y, "y1": self(y, slot)}

    def _through(self, start: Any, y: PyTree) -> PyTree:
        """Return the state after the step, jump by jump."""

        def part(carry: tuple[Any, Any, PyTree], _: None) -> tuple[tuple[Any, Any, PyTree], None]:
            t, left, y = carry
            share = self._share(t, left, y)
            t1 = t + share * left
            y1 = self.plain(t, share * left, y)
            jumped = self._jumped(t1, y1)
            y1 = jax.tree.map(lambda a, b: jnp.where(share < 1, a, b), jumped, y1)
            return (t1, left - share * left, y1), None

        begin = start, self.dt, y
        (t, left, y), _ = jax.lax.scan(part, begin, length=self.resets.most)
        y = self.plain(t, left, y)
        failed = self._over(t + left, y) & ~(self._largest(t + left, y) == 0)
        return jax.tree.map(lambda leaf: jnp.where(failed, jnp.nan, leaf), y)

    def _share(self, t: Any, left: Any, y: PyTree) -> Float[Array, ""]:
        """Return the part of what is left after which there is a jump; 1 if there is none."""

        def excess(share: Float[Array, ""]) -> Float[Array, ""]:
            return self._largest(t + share * left, self.plain(t, share * left, y))

        one = jnp.ones((), jnp.result_type(left))
        closed = eqx.filter_closure_convert(excess, one)
        # The search is not differentiated, so it must not see what derivatives are taken by.
        found = _first_passage(constant(closed), one)

        return with_tangent_rule(_share_tangent, closed, found)

    def _values(self, t: Any, y: PyTree) -> list[Array]:
        return [condition(t, y, self.args) for condition in self.resets.conditions]

    def _largest(self, t: Any, y: PyTree) -> Float[Array, ""]:
        return jnp.max(jnp.stack(self._values(t, y)))

    def _over(self, t: Any, y: PyTree) -> Bool[Array, ""]:
        # What is not finite has gone beyond all conditions.
        return jax.lax.stop_gradient(~(self._largest(t, y) < 0))

    def _jumped(self, t: Any, y: PyTree) -> PyTree:
        """Return the state after the jump whose condition is the largest."""
        which = jnp.argmax(jnp.stack(self._values(t, y)))
        result = y
        for number, jump in enumerate(self.resets.jumps):
            after = jump(t, y, self.args)
            result = jax.tree.map(
                lambda new, old, number=number: jnp.where(which == number, new, old), after, result
            )
        return result


def _share_tangent(excess: Any, share: Float[Array, ""], tangents: PyTree) -> Float[Array, ""]:
    """Return the tangent of where `excess` is zero, by the implicit function theorem."""
    crosses = share < 1
    _, change = eqx.filter_jvp(lambda excess: excess(share), (excess,), (tangents,))
    _, slope = jax.jvp(excess, (share,), (jnp.ones_like(share),))
    return jnp.where(crosses, -change / jnp.where(crosses, slope, 1), 0)


def _first_passage(f: Callable[[Array], Array], end: Float[Array, ""]) -> Float[Array, ""]:
    """Return where f becomes positive between 0 and `end`: Newton's method inside a bracket.

    Arguments:
        f: negative at 0.
        end: the right end, which is returned where f is not positive there.
    """
    tolerance = 2 * jnp.finfo(end.dtype).eps

    def going(state: tuple[Array, ...]) -> Array:
        _, _, _, change, count = state
        return (jnp.abs(change) > tolerance) & (count < _MOST_ITERATIONS)

    def iterate(state: tuple[Array, ...]) -> tuple[Array, ...]:
        low, high, x, _, count = state
        value, slope = jax.jvp(f, (x,), (jnp.ones_like(x),))
        below = value < 0  # what is not finite has gone beyond
        low, high = jnp.where(below, x, low), jnp.where(below, high, x)
        newton = x - value / slope
        inside = (newton >= low) & (newton <= high)
        following = jnp.where(inside, newton, (low + high) / 2)
        return low, high, following, following - x, count + 1

    start = jnp.zeros_like(end), end, end, jnp.full_like(end, jnp.inf), jnp.zeros((), jnp.int32)
    return jax.lax.while_loop(going, iterate, start)[2]
