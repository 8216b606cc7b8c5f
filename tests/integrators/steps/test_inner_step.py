import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from parasim import ConfigError
from parasim.integrators.steps._inner_step import GenericStep, check_one_step, inner_step
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
