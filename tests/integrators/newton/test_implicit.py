"""Derivatives of windows, against those of stepping, which jax takes step by step."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators import DeviceCosts
from parasim.integrators.method._method import Method
from parasim.integrators.newton._newton import NewtonOptions
from parasim.integrators.window._options import decision_of
from parasim.integrators.window._recurrence import Recurrence, step_through
from parasim.integrators.window._window import WindowSolver

OPTIONS = NewtonOptions(Method(interval=4), 1e-11, 1e-11)
COSTS = DeviceCosts(step=1.0, iteration=4.0, level=2.0, work=4.0)
COUNT = 50  # the last interval is shorter
INPUTS = jax.random.normal(jax.random.key(0), (COUNT,))
WEIGHTS = jax.random.normal(jax.random.key(1), (COUNT,))
Y0 = {"a": jnp.array(1.0), "b": jnp.array([-2.0, 0.3])}
P0 = {"rate": jnp.array(0.9), "shift": jnp.array([0.1, -0.4])}


def _recurrence(parameters, inputs):
    def step(y, x):
        a = parameters["rate"] * jnp.sin(y["b"][0]) + x
        return {"a": a, "b": 0.5 * y["a"] * jnp.cos(y["b"]) + parameters["shift"]}

    return Recurrence(step, inputs, jnp.array(1.0))


def _loss(last, states):
    """Depends on every state, so that every cotangent matters."""
    return jnp.sum(last["b"] ** 2) + jnp.sum(WEIGHTS * states["a"] * states["b"][:, 1])


def _ours(y0, parameters, inputs, mode):
    solver = WindowSolver(decision_of(mode, 5), OPTIONS, 50, COSTS)
    last, states, _, _ = solver.solve(_recurrence(parameters, inputs), y0, solver.start(y0, 64))
    return _loss(last, states)


def _theirs(y0, parameters, inputs):
    return _loss(*step_through(_recurrence(parameters, inputs), y0))


def _assert_equal(ours, theirs, rtol=1e-9):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-11)


@pytest.mark.parametrize("mode", ["parallel", "sequential"])
@pytest.mark.parametrize(
    "transform", [jax.grad, jax.jacfwd, pytest.param(jax.hessian, marks=pytest.mark.slow)]
)
def test_derivatives_in_everything_are_those_of_stepping(transform, mode):
    arguments = (0, 1) if transform is jax.hessian else (0, 1, 2)
    ours = jax.jit(transform(partial(_ours, mode=mode), argnums=arguments))
    theirs = jax.jit(transform(_theirs, argnums=arguments))
    _assert_equal(ours(Y0, P0, INPUTS), theirs(Y0, P0, INPUTS))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_gradients_of_a_batch_are_those_of_its_members(mode):
    starts = {"a": jnp.linspace(-1, 1, 3), "b": jnp.ones((3, 2)) * jnp.arange(3.0)[:, None]}
    gradient = jax.jit(jax.grad(partial(_ours, mode=mode), argnums=(0, 1)))
    batch = jax.vmap(gradient, in_axes=(0, None, None))(starts, P0, INPUTS)
    for member in range(3):
        y0 = jax.tree.map(lambda leaf, m=member: leaf[m], starts)
        got = jax.tree.map(lambda leaf, m=member: leaf[m], batch)
        _assert_equal(got, jax.grad(_theirs, argnums=(0, 1))(y0, P0, INPUTS))


@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_the_gradient_through_chaos_is_that_of_the_steps(mode):
    """The logistic map doubles tangents at every step: 2^40 in all, and Newton gives up."""
    inputs = jnp.zeros(40)

    def end(y0, solve):
        recurrence = Recurrence(lambda y, x: 4 * y * (1 - y) + 0 * x, inputs, jnp.array(1.0))
        return solve(recurrence, y0)[0][0]

    solver = WindowSolver(decision_of(mode, 5), OPTIONS, 50, COSTS)
    y0 = jnp.array([0.3])
    value, gradient = jax.jit(
        jax.value_and_grad(lambda y0: end(y0, lambda r, y: solver.solve(r, y, solver.start(y, 64))))
    )(y0)
    states = np.concatenate(
        [
            y0,
            step_through(
                Recurrence(lambda y, x: 4 * y * (1 - y) + 0 * x, inputs, jnp.array(1.0)), y0
            )[1][:, 0],
        ]
    )
    assert value == states[-1]
    exact = np.prod(4 - 8 * states[:-1])
    assert abs(exact) > 1e11
    np.testing.assert_allclose(gradient, [exact], rtol=1e-10)


@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_gradients_do_not_see_steps_beyond_the_window(mode):
    """y falls by p in every step, and no step can be made from below p: 10 steps, not 12."""

    def end(p):
        recurrence = Recurrence(
            lambda y, x: y - p - 0 * jnp.sqrt(y - p) + x, jnp.zeros(10), jnp.array(1.0)
        )
        solver, y0 = WindowSolver(decision_of(mode, 5), OPTIONS, 50, COSTS), jnp.ones(1)
        return solver.solve(recurrence, y0, solver.start(y0, 64))[0][0]

    np.testing.assert_allclose(jax.jit(jax.grad(end))(1 / 10.5), -10, rtol=1e-12)


@pytest.mark.slow
def test_a_gradient_keeps_the_trajectory_not_the_iterations():
    """Memory of the gradient's residuals, per state kept: the same for 2 and for 20 iterations."""

    def residuals(max_iterations, count):
        solver = WindowSolver(decision_of("parallel", 5), OPTIONS, max_iterations, COSTS)

        def end(y0):
            recurrence = _recurrence(P0, INPUTS[:count])
            return _loss_of_end(solver.solve(recurrence, y0, solver.start(y0, 64))[0])

        _, pull = jax.vjp(end, Y0)
        return sum(leaf.nbytes for leaf in jax.tree.leaves(pull) if hasattr(leaf, "nbytes"))

    assert residuals(2, 48) == residuals(20, 48)
    assert residuals(20, 48) < 48 * 3 * 8 * 12
    assert residuals(20, 24) < 0.6 * residuals(20, 48)


def _loss_of_end(last):
    return jnp.sum(last["b"]) + last["a"]
