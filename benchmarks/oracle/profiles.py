"""How Newton's method converges along a trajectory, recorded with the product's own parts.

As the method is causal, one run of it on a long window, with the front after each iteration, tells
what every shorter window and every smaller number of iterations would have delivered.

This is the one module of the benchmark that refers to internals of `parasim.integrators`.
"""

from collections.abc import Iterable
from typing import NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from oracle.flows import Flow
from parasim import Method, ParallelNewton
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._growth import RunningGrowth, sampled_growth, start_tangent
from parasim.integrators.newton._guess import coarse_guess
from parasim.integrators.newton._newton import Planned, newton
from parasim.integrators.newton._past import Past
from parasim.integrators.steps._steps import window_recurrence
from parasim.integrators.window._recurrence import (
    shooting_intervals,
    step_through,
    steps_on_vectors,
)

LONGEST = 4096
MOST_ITERATIONS = 12

# A profile every so many steps; after the first stretch one in so many.
_EVERY, _STRETCH, _THEN_ONE_IN = 512, 16_384, 4


class Profiles(NamedTuple):
    """What was recorded, at P places of a trajectory.

    Attributes:
        positions: how many steps had been made.
        fronts: the steps converged after each iteration, from a coarse pass and from an analogue.
        analogue: whether there was one.
        exponents: the running estimate of the largest exponent, per step; NaN at the beginning.
        finite: whether the last state of the trajectory is.
    """

    positions: np.ndarray
    fronts: np.ndarray
    analogue: np.ndarray
    exponents: np.ndarray
    finite: np.ndarray


def record(
    flow: Flow, dt: float, steps: int, interval: int, starts: Iterable[np.ndarray]
) -> list[Profiles]:
    """Go along the trajectory from each start, and try a long window every now and then."""
    y0 = jnp.asarray(flow.y0)
    size, dtype = y0.size, y0.dtype
    method = Method(interval=interval)
    solver = ParallelNewton(method=method)
    options = solver.window_solver(y0).newton

    def recurrence(y: Array, count: int):
        nodes = dt * jnp.arange(count + 1, dtype=dtype)
        term = diffrax.ODETerm(flow.vector_field)
        return window_recurrence(solver.solver, term, None, nodes, jnp.asarray(dt), y, method)[0]

    def profile(y: Array, past: Past) -> tuple[Array, Array]:
        flattening = Flattening(y)
        window = recurrence(y, LONGEST)
        steps = steps_on_vectors(window, flattening, y)
        intervals = shooting_intervals(window, flattening, y, method)
        coarse = coarse_guess(steps.coarse_step, y, steps.coarse_inputs)  # pyright: ignore
        nearest = past.analogue()  # of the present
        there_is_one = nearest >= 0
        analogue = past.continued(nearest, intervals.count, interval)
        planned = Planned.exactly(MOST_ITERATIONS)
        fronts = jax.lax.map(
            lambda guess: newton(intervals, y, guess, options, planned, MOST_ITERATIONS).fronts,
            jnp.stack([coarse, jnp.where(there_is_one, analogue, coarse)]),
        )
        return fronts * interval, there_is_one

    def block(carry, due: Array):
        y, past, tangent, growth = carry
        nothing = jnp.zeros((2, MOST_ITERATIONS), jnp.int32), jnp.array(False)
        found = jax.lax.cond(due, lambda: profile(y, past), lambda: nothing)
        before = growth.mean
        window = recurrence(y, _EVERY)
        step = Flattening(y).on_vectors(window.step)
        states = step_through(window, y)[1]
        log_growth, tangent = sampled_growth(step, y, window.inputs, tangent)
        growth = growth.with_one_more(log_growth / (_EVERY - _EVERY // 2))
        past = past.with_more(states, jnp.asarray(_EVERY, jnp.int32))
        return (states[-1], past, tangent, growth), (*found, before)

    @jax.jit
    def run(y0: Array, due: Array):
        start = (
            y0,
            Past.empty(2 * LONGEST, size, dtype),
            start_tangent(size, dtype),
            RunningGrowth.unknown(dtype),
        )
        (y, *_), recorded = jax.lax.scan(block, start, due)
        return recorded, jnp.all(jnp.isfinite(y))

    number = np.arange(steps // _EVERY)
    due = (number < _STRETCH // _EVERY) | (number % _THEN_ONE_IN == 0)

    def profiles(start: np.ndarray) -> Profiles:
        recorded, finite = jax.device_get(run(jnp.asarray(start), jnp.asarray(due)))
        fronts, analogue, exponents = (values[due] for values in recorded)
        fronts = np.minimum(fronts, LONGEST)
        return Profiles(number[due] * _EVERY, fronts, analogue, exponents, finite)

    return [profiles(start) for start in starts]
