import diffrax
import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from parasim import ParallelNewton
from tests.problems import PREDICTABLE

BOTH = pytest.mark.parametrize("mode", ["parallel", "sequential"])


@BOTH
def test_the_error_estimate_is_the_largest_of_the_inner_steps(mode):
    term = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[0], -y[1]]))
    solver = ParallelNewton(diffrax.Heun(), steps=16, mode=mode)
    y, t0, t1 = jnp.array([1.0, 3.0]), jnp.array(0.0), jnp.array(0.5)
    state = solver.init(term, t0, t1, y, None)
    _, error, _, _, _ = eqx.filter_jit(solver.step)(term, t0, t1, y, None, state, made_jump=False)
    single = []
    for n in range(16):
        at = jnp.array(n / 32), jnp.array((n + 1) / 32)
        y, own, _, _, _ = diffrax.Heun().step(term, *at, y, None, None, made_jump=False)
        single.append(np.abs(own))
    np.testing.assert_allclose(error, np.max(single, axis=0), rtol=1e-9)


@BOTH
def test_a_window_that_failed_has_an_infinite_error(mode):
    """Otherwise a step size controller would accept it."""
    term = diffrax.ODETerm(lambda t, y, args: y**2)
    solver = ParallelNewton(steps=16, mode=mode)
    y, t0, t1 = jnp.array([1.0]), jnp.array(0.0), jnp.array(3.0)
    state = solver.init(term, t0, t1, y, None)
    _, error, _, _, result = eqx.filter_jit(solver.step)(
        term, t0, t1, y, None, state, made_jump=False
    )
    np.testing.assert_array_equal(error, np.inf)
    assert result == diffrax.RESULTS.nonfinite


@pytest.mark.slow
def test_an_error_estimate_drives_diffrax_s_step_size_control():
    problem = PREDICTABLE["van der Pol"]
    controller = diffrax.PIDController(rtol=1e-7, atol=1e-7)
    solver = ParallelNewton(steps=32, mode="parallel")
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(problem.vector_field),
        solver,
        0.0,
        6.3,
        dt0=0.5,
        y0=jnp.asarray(problem.y0, float),
        stepsize_controller=controller,
    )
    exact = diffrax.diffeqsolve(
        diffrax.ODETerm(problem.vector_field),
        diffrax.Dopri8(),
        0.0,
        6.3,
        dt0=0.01,
        y0=jnp.asarray(problem.y0, float),
        stepsize_controller=diffrax.PIDController(rtol=1e-12, atol=1e-12),
    )
    np.testing.assert_allclose(solution.ys, exact.ys, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_a_state_that_is_not_finite_ends_an_adaptive_implicit_run_as_in_diffrax(mode):
    """The controller shrinks the window until nothing is left of it."""
    root_finder = optimistix.Newton(rtol=1e-9, atol=1e-9)
    solver = ParallelNewton(diffrax.ImplicitEuler(root_finder=root_finder), steps=16, mode=mode)
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: -y),
        solver,
        0.0,
        2.0,
        dt0=0.25,
        y0=jnp.array([jnp.nan]),
        stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-6),
        max_steps=40,
        throw=False,
    )
    assert solution.result == diffrax.RESULTS.max_steps_reached
