"""The step that a careful user would choose for a system."""

import math

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from oracle.flows import Flow

# The first step, in turns of the attractor; each next is smaller by the root of two.
_COARSEST, _FINER, _MOST = 12, math.sqrt(2), 24

# Of the error of one step, relative to the standard deviation plus the state.
_TOLERANCE = 1e-6

# States that the error is looked at on, over so many turns from the beginning: a step that is small
# enough at a fixed point only is too large.
_STATES, _TURNS = 512, 50


class NoStep(Exception):
    """No step size was found."""


def step_size(flow: Flow) -> float:
    """Return the largest step, of `period / (12 * 2^(j/2))`, whose error is small enough.

    The error is that of one Tsit5 step against two of half the size, at 512 states along a
    trajectory.
    """
    states = np.asarray(_trajectory(flow))
    if not np.all(np.isfinite(states)):
        raise NoStep("the adaptive integration failed")
    errors = jax.jit(lambda dt: _error(flow, jnp.asarray(states), dt))
    for j in range(_MOST):
        dt = flow.period / (_COARSEST * _FINER**j)
        if float(errors(dt)) <= _TOLERANCE:
            return dt
    raise NoStep("no step is accurate enough")


def _trajectory(flow: Flow) -> Array:
    times = jnp.linspace(0, _TURNS * flow.period, _STATES)

    @jax.jit
    def states(y0: Array) -> Array:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(flow.vector_field),
            diffrax.Tsit5(),
            0.0,
            _TURNS * flow.period,
            flow.period / 1000,
            y0,
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=diffrax.PIDController(rtol=1e-8, atol=1e-8),
            max_steps=1_000_000,
            throw=False,
        )
        return solution.ys  # pyright: ignore[reportReturnType]

    return states(jnp.asarray(flow.y0))


def _error(flow: Flow, states: Array, dt: Array) -> Array:
    term, solver = diffrax.ODETerm(flow.vector_field), diffrax.Tsit5()

    def step(y: Array, size: Array) -> Array:
        state = solver.init(term, 0.0, size, y, None)
        return solver.step(term, 0.0, size, y, None, state, made_jump=False)[0]

    once = jax.vmap(lambda y: step(y, dt))(states)
    twice = jax.vmap(lambda y: step(step(y, dt / 2), dt / 2))(states)
    scale = jnp.std(states, axis=0) + jnp.abs(states)
    return jnp.max(jnp.abs(once - twice) / jnp.where(scale > 0, scale, 1))
