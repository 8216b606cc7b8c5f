"""One window of a recurrence: choose how, solve it, and write down what was done.

This is the one core that the diffrax solver and `simulate` share. It knows recurrences
`y_{n+1} = step(y_n, x_n)` and nothing of differential equations.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim._errors import ConfigError
from parasim._memory import device_memory, size_text
from parasim.integrators import _decision as decision
from parasim.integrators._batch import all_members, any_member
from parasim.integrators._compiler import FEW_VARIABLES
from parasim.integrators._costs import DeviceCosts, WindowShape
from parasim.integrators._decision import History
from parasim.integrators._finite import all_finite
from parasim.integrators._flatten import Flattening
from parasim.integrators._growth import propagated_growth, sampled_growth, start_tangent
from parasim.integrators._implicit import with_derivatives
from parasim.integrators._newton import NewtonOptions, newton
from parasim.integrators._recurrence import (
    Recurrence,
    constant,
    first_guess,
    shooting_intervals,
    step_through,
)

# A tangent costs at most five steps beside the one that it goes along with. One sequential window
# in 16 has its first eighth stepped again with a tangent: 6 / (8 * 16) = 4.7 % at the most.
_SAMPLE_EVERY = 16
_SAMPLE_PART = 8


class WindowRecord(NamedTuple):
    """What was done in a window, and why.

    Attributes:
        parallel: whether Newton's method delivered it; otherwise it was stepped through.
        reason: why it was tried so; a number of `REASONS`.
        fell_back: whether Newton's method was tried and did not converge.
        iterations: of Newton's method.
        update: the certificate, the largest last Newton update (or transported rounding error, if
            that is larger) in units of the tolerance; 0 for a window that was stepped through.
        growth_rate: finite-time Lyapunov growth, in nats per unit of time; NaN if not measured.
        finite: whether the state at the end is.
    """

    parallel: Bool[Array, ""]
    reason: Int[Array, ""]
    fell_back: Bool[Array, ""]
    iterations: Int[Array, ""]
    update: Float[Array, ""]
    growth_rate: Float[Array, ""]
    finite: Bool[Array, ""]


class _Delivered(NamedTuple):
    y1: PyTree
    states: PyTree
    tried: Bool[Array, ""]
    converged: Bool[Array, ""]
    iterations: Int[Array, ""]
    update: Float[Array, ""]
    growth: Float[Array, ""]
    tangent: Float[Array, " d"]


class WindowSolver(eqx.Module):
    """Solves windows in the mode that is asked for, or chooses.

    Attributes:
        mode: `"auto"`, `"parallel"` or `"sequential"`.
        newton: how Newton's method runs.
        costs: of the device, for the choice.
    """

    mode: str
    newton: NewtonOptions
    costs: DeviceCosts

    def start(self, y0: PyTree) -> History:
        """Return the history of a run that starts at y0."""
        flattening = Flattening(y0)
        return History.start(start_tangent(flattening.size, flattening.dtype))

    def solve(
        self, recurrence: Recurrence, y0: PyTree, history: History
    ) -> tuple[PyTree, PyTree, WindowRecord, History]:
        """Solve one window.

        Returns:
            The last state; the states after each of the N steps, along a leading axis; what was
            done; and the history for the next window.
        """
        shape = WindowShape(
            steps=recurrence.steps,
            interval=self.newton.interval,
            size=history.tangent.size,
            duration=recurrence.duration,
        )
        parallel, reason = self._choose(history, shape)
        _check_memory(recurrence, shape, history.tangent.dtype.itemsize, parallel is not False)
        if parallel is True:
            delivered = self._parallel(recurrence, y0, history)
        elif parallel is False:
            delivered = self._sequential(recurrence, y0, history)
        else:
            delivered = jax.lax.cond(
                parallel,
                lambda: self._parallel(recurrence, y0, history),
                lambda: self._sequential(recurrence, y0, history),
            )
        return self._recorded(delivered, reason, shape, history)

    def _choose(self, history: History, shape: WindowShape) -> tuple[bool | Array, int | Array]:
        """Return the mode and the reason; known while tracing wherever they can be."""
        if self.mode == "parallel":
            return True, decision.PARALLEL
        if self.mode == "sequential":
            return False, decision.SEQUENTIAL
        if self.costs.affordable_iterations(shape) < 1:
            return False, decision.DEVICE
        wanted, reason = decision.decide(history, shape, self.costs)
        parallel = all_members(wanted)
        return parallel, jnp.where(wanted & ~parallel, decision.BATCH, reason)

    def _parallel(self, recurrence: Recurrence, y0: PyTree, history: History) -> _Delivered:
        flattening = Flattening(y0)
        vector = flattening.flatten(y0)
        intervals = shooting_intervals(recurrence, flattening, vector, self.newton.interval)
        guess = first_guess(recurrence, flattening, vector)
        frozen, start = constant((intervals, vector))
        found = newton(frozen, start, guess, self.newton)

        by_newton = frozen.states(frozen.starts(start, found.ends))

        def stepped() -> Array:
            states = step_through(constant(recurrence), constant(y0))[1]
            vectors = jax.vmap(flattening.flatten, axis_size=frozen.steps)(states)
            return jnp.where(found.converged, by_newton, vectors)

        known = jax.lax.cond(all_members(found.converged), lambda: by_newton, stepped)
        last, vectors = with_derivatives(intervals, vector, known[-1], known)
        y1, states = flattening.unflatten(last), jax.vmap(flattening.unflatten)(vectors)
        log_growth, tangent = propagated_growth(found.propagator, history.tangent)
        measured = found.converged & jnp.all(jnp.isfinite(tangent))
        return _Delivered(
            y1,
            states,
            tried=jnp.array(True),
            converged=found.converged,
            iterations=found.iterations,
            update=jnp.where(found.converged, found.update, 0),
            growth=jnp.where(measured, log_growth / _as(log_growth, recurrence.duration), jnp.nan),
            tangent=jnp.where(measured, tangent, history.tangent),
        )

    def _sequential(self, recurrence: Recurrence, y0: PyTree, history: History) -> _Delivered:
        y1, states = self._stepped(recurrence, y0)
        growth, tangent = constant(
            self._sample(constant(recurrence), constant(y0), constant(history))
        )
        none = jnp.zeros((), history.tangent.dtype)
        no = jnp.array(False)
        return _Delivered(y1, states, no, no, jnp.zeros((), jnp.int32), none, growth, tangent)

    def _stepped(self, recurrence: Recurrence, y0: PyTree) -> tuple[PyTree, PyTree]:
        """Step through, with derivatives by the cheaper way: of few variables by Jacobians."""
        flattening = Flattening(y0)
        if not 0 < flattening.size <= FEW_VARIABLES:
            return step_through(recurrence, y0)
        vector = flattening.flatten(y0)
        intervals = shooting_intervals(recurrence, flattening, vector, self.newton.interval)
        last, states = step_through(constant(recurrence), constant(y0))
        last, states = with_derivatives(
            intervals, vector, flattening.flatten(last), jax.vmap(flattening.flatten)(states)
        )
        return flattening.unflatten(last), jax.vmap(flattening.unflatten)(states)

    def _sample(self, recurrence: Recurrence, y0: PyTree, history: History) -> tuple[Array, Array]:
        """Measure the growth now and then, so that all measuring stays inside 5 %."""
        count = recurrence.steps // _SAMPLE_PART
        unmeasured = jnp.full((), jnp.nan, history.tangent.dtype), history.tangent
        if count < 2:
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

    def _recorded(
        self, delivered: _Delivered, reason: int | Array, shape: WindowShape, history: History
    ) -> tuple[PyTree, PyTree, WindowRecord, History]:
        record = WindowRecord(
            parallel=delivered.converged,
            reason=jnp.asarray(reason, jnp.int32),
            fell_back=delivered.tried & ~delivered.converged,
            iterations=delivered.iterations,
            update=delivered.update,
            growth_rate=delivered.growth,
            finite=all_finite(delivered.y1),
        )
        history = decision.remember(
            history,
            shape,
            self.costs,
            parallel=delivered.tried,
            converged=delivered.converged,
            iterations=delivered.iterations,
            growth_rate=delivered.growth,
            tangent=delivered.tangent,
        )
        return delivered.y1, delivered.states, record, history


def _check_memory(
    recurrence: Recurrence, shape: WindowShape, itemsize: int, parallel: bool
) -> None:
    """Refuse, while tracing, a window that cannot possibly fit into the memory of the device."""
    needed = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(recurrence.inputs))
    if parallel:  # states and updates; Jacobians, twice in the scan
        needed += itemsize * shape.size * (2 * shape.steps + 2 * shape.intervals * shape.size)
    there = device_memory()
    if there is not None and needed > there:
        raise ConfigError(
            f"a window of {shape.steps} steps of {shape.size} variables takes at least "
            f"{size_text(needed)} of memory, and there are {size_text(there)}: choose shorter "
            "windows, ParallelNewton(steps=...) or newton_scan(window=...); mode='sequential' "
            "takes the least"
        )


def _as(like: Array, value: Array) -> Array:
    return jnp.asarray(value, like.dtype)
