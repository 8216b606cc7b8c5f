"""One window of a recurrence: choose how, solve it, and write down what was done.

This is the one core that the diffrax solver and `simulate` share. It knows recurrences
`y_{n+1} = step(y_n, x_n)` and nothing of differential equations.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from parasim._errors import ConfigError
from parasim.integrators.decision import _decision as decision
from parasim.integrators.decision._costs import DeviceCosts, WindowMenu, piece_sizes
from parasim.integrators.decision._decision import (
    AbstractDecision,
    AlwaysParallel,
    AlwaysSequential,
    Choice,
)
from parasim.integrators.decision._history import History
from parasim.integrators.decision._predicted_time import PredictedTime
from parasim.integrators.kernels._choice import kernels_in_use
from parasim.integrators.method._method import Method
from parasim.integrators.newton._batch import all_members, any_member
from parasim.integrators.newton._compiler import FEW_VARIABLES
from parasim.integrators.newton._finite import all_finite
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._growth import sampled_growth, start_tangent
from parasim.integrators.newton._implicit import with_derivatives
from parasim.integrators.newton._newton import NewtonOptions
from parasim.integrators.window._claim import as_claimed
from parasim.integrators.window._delivered import Delivered
from parasim.integrators.window._record import WindowRecord
from parasim.integrators.window._recurrence import (
    Recurrence,
    constant,
    has_tangents,
    no_tangents,
    shooting_intervals,
    step_through,
    step_through_constant,
    steps_on_vectors,
)
from parasim.integrators.window._walk import Walker, walk
from parasim.integrators.window._window_memory import PieceMemory, check_states_fit

# A tangent costs at most five steps beside the one that it goes along with. One sequential window
# in 32 has its first eighth stepped again with a tangent: 6 / (8 * 32) = 2.4 % at the most.
_SAMPLE_EVERY = 32
_SAMPLE_PART = 8

# Up to this size a gradient is found by Jacobians on a GPU, where a loop backwards is many kernels
# a step; an estimate.
_FEW_BY_KERNELS = 8

# So many windows of the past are remembered, if there is room.
_PAST = 8


class WindowSolver(eqx.Module):
    """Solves windows as a decision says.

    Attributes:
        decision: how to go on.
        newton: when a state has converged.
        most: iterations are never made for a piece of a window.
        costs: of the device.
        memory: that pieces take of it; None: as much as there is.
    """

    decision: AbstractDecision
    newton: NewtonOptions
    most: int
    costs: DeviceCosts
    memory: PieceMemory | None = eqx.field(default=None, static=True)

    def start(self, y0: PyTree, steps: int) -> History:
        """Return the history of a run that starts at y0, in windows of so many steps."""
        flattening = Flattening(y0)
        tangent = start_tangent(flattening.size, flattening.dtype)
        never = self.why_never(self.menu(steps, jnp.ones(())))
        past = never is None and self.newton.method.guess == "history"
        return History.start(tangent, self.most, _PAST * steps if past else 0)

    def menu(self, steps: int, duration: Float[Array, ""]) -> WindowMenu:
        """Return the pieces that a window may be found in: of those that fit into memory.

        If none does there is only the shortest, for which `why_never` has a word.
        """
        interval = self.newton.interval
        usual, short = piece_sizes(steps, interval), piece_sizes(steps, interval, interval)
        sizes = tuple(size for size in usual if self._fits(size))
        # Where memory is short, one size that would hardly pay otherwise.
        sizes = sizes or tuple(size for size in short if self._fits(size))[:1] or short[-1:]
        sizes = sizes[:1] if type(self.decision) is AlwaysParallel else sizes
        return WindowMenu(steps, sizes, interval, self.most, duration, self.costs)

    def _fits(self, size: int) -> bool:
        return self.memory is None or self.memory.fits(size)

    def why_never(self, menu: WindowMenu) -> int | None:
        """Return why no window can go parallel, or None if one may; known while tracing.

        Raises:
            ConfigError: no piece fits into memory, and the decision may be for one.
        """
        if type(self.decision) is AlwaysSequential:
            return decision.SEQUENTIAL
        if self.memory is not None and not self._fits(menu.sizes[-1]):
            if type(self.decision) is PredictedTime:
                return decision.MEMORY
            raise self.memory.refusal(menu.sizes[-1])
        if type(self.decision) is PredictedTime and not menu.may_pay():
            return decision.DEVICE
        return None

    def why_stepped(self, recurrence: Recurrence, y0: PyTree) -> int | None:
        """Return why no window like this one can go parallel, or None if one may.

        Raises:
            ConfigError: the steps have no derivative, and the decision may be for one.
        """
        never = self.why_never(self.menu(recurrence.steps, recurrence.duration))
        error = no_tangents(recurrence, y0) if never is None else None
        if error is None:
            return never
        if type(self.decision) is PredictedTime:
            return decision.TANGENTS
        raise ConfigError(
            "the steps have no derivative in forward mode, which Newton's method needs: use "
            "mode='sequential', or give what has none (such as jax.pure_callback, or what has a "
            "jax.custom_vjp) one by jax.custom_jvp"
        ) from error

    def solve(
        self, recurrence: Recurrence, y0: PyTree, history: History
    ) -> tuple[PyTree, PyTree, WindowRecord, History]:
        """Solve one window.

        Returns:
            The last state; the states after each of the N steps, along a leading axis; what was
            done; and the history for the next window.
        """
        menu = self.menu(recurrence.steps, recurrence.duration)
        never = self.why_stepped(recurrence, y0)
        check_states_fit(recurrence, history.tangent)
        if never is not None:
            delivered = self.sequential(recurrence, y0, history, menu)
            return self.recorded(delivered, Choice.to_step(history, never), history, menu)
        choice = self.decision.choose(history, menu)
        parallel = all_members(choice.parallel)
        reason = jnp.where(choice.parallel & ~parallel, decision.BATCH, choice.reason)
        stepped = any_member(~choice.parallel & (choice.wait >= menu.steps))
        if type(self.decision) is AlwaysParallel:
            delivered = self._parallel(recurrence, y0, history, menu)
        else:
            delivered = jax.lax.cond(
                stepped,
                lambda: self.sequential(recurrence, y0, history, menu),
                lambda: self._parallel(recurrence, y0, history, menu),
            )
        return self.recorded(delivered, choice._replace(reason=reason), history, menu)

    def _parallel(
        self, recurrence: Recurrence, y0: PyTree, history: History, menu: WindowMenu
    ) -> Delivered:
        flattening = Flattening(y0)
        vector = flattening.flatten(y0)
        steps = constant(steps_on_vectors(recurrence, flattening, vector))
        walker = Walker.through(steps, vector.size, self.decision, menu, self.newton)
        found = walk(walker, constant(vector), history)
        method = self.newton.method
        intervals = shooting_intervals(recurrence, flattening, vector, method)
        last, vectors = as_claimed(
            method.structure, constant(intervals), constant(vector), found.y, found.states
        )
        last, vectors = with_derivatives(intervals, vector, last, vectors, method)
        y1, states = flattening.unflatten(last), jax.vmap(flattening.unflatten)(vectors)
        return Delivered.by_walk(found, y1, states, recurrence)

    def sequential(
        self, recurrence: Recurrence, y0: PyTree, history: History, menu: WindowMenu
    ) -> Delivered:
        """Step through a window; measure growth now and then."""
        smooth = has_tangents(recurrence, y0)
        y1, states = self._stepped(recurrence, y0, smooth)
        growth, tangent = constant(
            self._sample(constant(recurrence), constant(y0), constant(history), smooth)
        )
        none, number = jnp.zeros((), history.tangent.dtype), jnp.zeros((), jnp.int32)
        history = history._replace(tangent=tangent)
        history = history.after_steps(number + recurrence.steps, menu)
        flatten = jax.vmap(Flattening(y0).flatten, axis_size=recurrence.steps)
        vectors = constant(flatten(states))
        past = history.past.with_more(vectors, number + recurrence.steps)
        history = history._replace(past=past)
        return Delivered(y1, states, number, number, none, growth, history)

    def _stepped(self, recurrence: Recurrence, y0: PyTree, smooth: bool) -> tuple[PyTree, PyTree]:
        """Step through, with derivatives by the cheaper way: of few variables by Jacobians."""
        flattening = Flattening(y0)
        few = _FEW_BY_KERNELS if kernels_in_use() else FEW_VARIABLES
        if not 0 < flattening.size <= few or not smooth:
            return step_through(recurrence, y0)
        vector = flattening.flatten(y0)
        intervals = shooting_intervals(recurrence, flattening, vector, self.newton.method)
        last, states = step_through_constant(recurrence, y0)
        last, states = with_derivatives(
            intervals,
            vector,
            flattening.flatten(last),
            jax.vmap(flattening.flatten)(states),
            Method(),
        )
        return flattening.unflatten(last), jax.vmap(flattening.unflatten)(states)

    def _sample(
        self, recurrence: Recurrence, y0: PyTree, history: History, smooth: bool
    ) -> tuple[Array, Array]:
        """Measure the growth now and then, so that all measuring stays inside 5 %."""
        count = recurrence.steps // _SAMPLE_PART
        unmeasured = jnp.full((), jnp.nan, history.tangent.dtype), history.tangent
        if count < 2 or not smooth:
            return unmeasured
        moving = jnp.asarray(recurrence.steps if recurrence.moving is None else recurrence.moving)

        def measure() -> tuple[Array, Array]:
            flattening = Flattening(y0)
            step = flattening.on_vectors(recurrence.step)
            inputs = jax.tree.map(lambda leaf: leaf[:count], recurrence.inputs)
            vector = flattening.flatten(y0)
            log_growth, tangent = sampled_growth(step, vector, inputs, history.tangent)
            step_size = _as(log_growth, recurrence.duration) / _as(log_growth, moving)
            time = step_size * (count - count // 2)
            finite = jnp.all(jnp.isfinite(tangent))
            return (
                jnp.where(finite, log_growth / time, jnp.nan),
                jnp.where(finite, tangent, history.tangent),
            )

        due = (history.windows % _SAMPLE_EVERY == _SAMPLE_EVERY - 1) & (moving >= count)
        return jax.lax.cond(any_member(due), measure, lambda: unmeasured)

    def recorded(
        self, delivered: Delivered, choice: Choice, before: History, menu: WindowMenu
    ) -> tuple[PyTree, PyTree, WindowRecord, History]:
        """Write down what was done, by a choice and since a history before; return as `solve`."""
        history = delivered.history.after_window(delivered.growth)
        tried = delivered.iterations > 0
        whole = delivered.parallel_steps == menu.steps
        record = WindowRecord(
            parallel=whole,
            reason=choice.reason,
            fell_back=tried & ~whole,
            parallel_steps=delivered.parallel_steps,
            iterations=delivered.iterations,
            gain=choice.gain,
            predicted_iterations=choice.predicted_iterations,
            cost=(history.spent - before.spent) / menu.costs.stepping,
            wasted=(history.wasted - before.wasted) / menu.costs.stepping,
            update=delivered.update,
            growth_rate=delivered.growth,
            exponent=history.growth.mean,
            exponent_error=history.growth.standard_error,
            finite=all_finite(delivered.y1),
        )
        return delivered.y1, delivered.states, record, history


def _as(like: Array, value: Array) -> Array:
    return jnp.asarray(value, like.dtype)
