import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from parasim import ConfigError, ParallelNewton
from parasim.integrators.steps._inner_step import (
    GenericStep,
    check_one_step,
    inner_step,
    quick_step,
)
from parasim.integrators.steps._nodes import Slot

TIMES = Slot(jnp.array(0.0), jnp.array(0.1))


def _decay(t, y, args):
    return -y


@pytest.mark.parametrize(
    "solver",
    [diffrax.HalfSolver(diffrax.Heun()), diffrax.Sil3()],
    ids=lambda solver: type(solver).__name__,
)
def test_other_solvers_step_through_their_own_step_and_can_be_differentiated(solver):
    term = diffrax.ODETerm(_decay)
    if isinstance(solver, diffrax.Sil3):
        term = diffrax.MultiTerm(term, diffrax.ODETerm(lambda t, y, args: 0 * y))
        root_finder = optimistix.Newton(1e-10, 1e-10, norm=optimistix.max_norm)
        solver = diffrax.Sil3(root_finder=root_finder)
    y = jnp.array([1.0, 2.0])
    step = inner_step(solver, term, None, jnp.array(0.1), y)
    assert isinstance(step, GenericStep)
    np.testing.assert_allclose(step(y, TIMES), y * np.exp(-0.1), rtol=6e-3)
    jacobian = jax.jacfwd(lambda state: step(state, TIMES))(y)
    np.testing.assert_allclose(jacobian, np.diag(step(y, TIMES) / y), atol=1e-12)


def test_an_implicit_step_that_fails_is_nan():
    """One iteration cannot solve y = 1 + 0.1 exp(y^2) from there."""
    root_finder = diffrax.VeryChord(rtol=1e-12, atol=1e-12, norm=optimistix.max_norm)
    solver = diffrax.ImplicitEuler(root_finder=root_finder)
    term = diffrax.ODETerm(lambda t, y, args: jnp.exp(y**2))
    y = jnp.array([3.0])
    assert jnp.isnan(inner_step(solver, term, None, jnp.array(0.1), y)(y, TIMES)).all()


class AdamsBashforth2(diffrax.AbstractSolver):
    """Two steps make the next one: the slope before is remembered."""

    term_structure = diffrax.AbstractTerm
    interpolation_cls = diffrax.LocalLinearInterpolation

    def order(self, terms):
        return 2

    def init(self, terms, t0, t1, y0, args):
        return terms.vf(t0, y0, args)

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        slope = terms.vf(t0, y0, args)
        y1 = y0 + (t1 - t0) * (1.5 * slope - 0.5 * solver_state)
        return y1, None, {"y0": y0, "y1": y1}, slope, diffrax.RESULTS.successful

    def func(self, terms, t0, y0, args):
        return terms.vf(t0, y0, args)


@pytest.mark.parametrize("solver", [AdamsBashforth2(), diffrax.HalfSolver(AdamsBashforth2())])
def test_a_method_of_several_steps_that_is_not_diffraxs_own_is_refused(solver):
    step = inner_step(solver, diffrax.ODETerm(_decay), None, jnp.array(0.1), jnp.ones(2))
    with pytest.raises(ConfigError, match="solver state of AdamsBashforth2 is not empty"):
        step(jnp.ones(2), TIMES)


@pytest.mark.parametrize("solver", [diffrax.LeapfrogMidpoint(), diffrax.ReversibleHeun()])
def test_solvers_with_memory_are_refused_by_name(solver):
    with pytest.raises(ConfigError, match=f"{type(solver).__name__}.*one-step"):
        check_one_step(solver)


def test_what_is_no_solver_is_refused():
    with pytest.raises(ConfigError, match=r"diffrax\.Tsit5\(\)"):
        check_one_step(diffrax.Tsit5)


def test_a_step_from_nowhere_is_nan_even_where_zero_is_singular():
    """Something has to stand in for NaN, or lineax would end the program; not always zero."""
    root_finder = optimistix.Newton(1e-10, 1e-10, norm=optimistix.max_norm)
    solver = diffrax.Kvaerno3(root_finder=root_finder)
    term = diffrax.ODETerm(lambda t, y, args: -y / jnp.linalg.norm(y) ** 3)
    start = jnp.array([1.0, 2.0])
    step = inner_step(solver, term, None, jnp.array(0.1), start)
    jacobian = jax.jit(jax.jacfwd(lambda y: step(y, TIMES)))
    assert np.isfinite(jacobian(start)).all()
    jacobian(jnp.full(2, jnp.nan))
    assert np.isnan(step(jnp.full(2, jnp.nan), TIMES)).all()


def test_gradients_go_backwards_through_an_implicit_step():
    root_finder = optimistix.Newton(1e-12, 1e-12, norm=optimistix.max_norm)
    solver = diffrax.Kvaerno3(root_finder=root_finder)
    y = jnp.array([1.0, 2.0])
    term = diffrax.ODETerm(lambda t, y, args: -(y**3))
    step = inner_step(solver, term, None, jnp.array(0.1), y)
    backward = jax.jacrev(lambda y: step(y, TIMES))(y)
    np.testing.assert_allclose(backward, jax.jacfwd(lambda y: step(y, TIMES))(y), rtol=1e-12)


@pytest.mark.parametrize("solver", [diffrax.ImplicitEuler, diffrax.Kvaerno3, diffrax.Kvaerno5])
def test_a_quick_step_is_the_step(solver):
    """That of diffrax as well, whose first stage is found like the others."""
    solver = solver(root_finder=optimistix.Newton(1e-12, 1e-12, norm=optimistix.max_norm))
    term = diffrax.ODETerm(lambda t, y, args: jnp.sin(t) - y**3)
    y = jnp.array([1.0, -2.0])
    step = inner_step(solver, term, None, jnp.array(0.1), y)
    quick = quick_step(step, solver, TIMES.start, y)
    assert quick is not None
    state = solver.init(term, TIMES.start, TIMES.end, y, None)
    expected = solver.step(term, TIMES.start, TIMES.end, y, None, state, made_jump=False)[0]
    np.testing.assert_allclose(step(y, TIMES), expected, rtol=1e-11)
    np.testing.assert_allclose(jax.jit(lambda y: quick(y, TIMES))(y), expected, rtol=1e-11)


@pytest.mark.slow
def test_the_gradient_of_a_stepped_implicit_window_is_exact():
    """Of y' = -p y by backward Euler, whose steps divide by 1 + p h; p is closed over."""
    solver = diffrax.ImplicitEuler(root_finder=optimistix.Newton(1e-12, 1e-12))
    windows = ParallelNewton(solver, steps=4, mode="sequential")

    def last(p):
        term = diffrax.ODETerm(lambda t, y, args: -p * y)
        return jnp.sum(diffrax.diffeqsolve(term, windows, 0.0, 0.4, 0.4, jnp.ones(5)).ys)

    np.testing.assert_allclose(jax.jit(jax.grad(last))(2.0), -5 * 4 * 0.1 / 1.2**5, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("solver", [diffrax.ImplicitEuler, diffrax.Kvaerno3])
@pytest.mark.parametrize("size", [2, 5])
def test_derivatives_of_stepped_implicit_windows_are_those_of_diffrax(solver, size):
    """Whichever way, and for what the vector field closes over; few and many variables."""
    inner = solver(root_finder=optimistix.Newton(1e-12, 1e-12, norm=optimistix.max_norm))
    y0 = jnp.linspace(0.5, 1.0, size)

    def loss(strength, solver, dt0, adjoint):
        term = diffrax.ODETerm(lambda t, y, args: -strength * y**3 + jnp.roll(y, 1) * args)
        solution = diffrax.diffeqsolve(
            term, solver, 0.0, 0.8, dt0, y0, args=strength**2, adjoint=adjoint
        )
        return jnp.sum(solution.ys**2)

    windows = ParallelNewton(inner, steps=4, mode="sequential")
    direct, stepped = diffrax.ForwardMode(), (windows, 0.4)
    strengths = jnp.array([0.7, 1.1])
    expected = jax.jit(jax.vmap(jax.jacfwd(lambda p: loss(p, inner, 0.1, direct))))(strengths)
    forward = jax.jit(jax.vmap(jax.jacfwd(lambda p: loss(p, *stepped, direct))))(strengths)
    checkpoints = diffrax.RecursiveCheckpointAdjoint()
    backward = jax.jit(jax.vmap(jax.grad(lambda p: loss(p, *stepped, checkpoints))))(strengths)
    np.testing.assert_allclose(forward, expected, rtol=1e-9)
    np.testing.assert_allclose(backward, expected, rtol=1e-9)
