"""diffrax's ways to differentiate, each compared with what it gives for the solver alone."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from parasim import ParallelNewton
from tests.diffrax_conformance.runs import assert_close, four
from tests.diffrax_conformance.solvers import CASES, noisy

Y0, T0, T1, INNER_DT = jnp.array([0.9, 5.4]), 0.25, 2.25, 1 / 16


class Field(eqx.Module):
    """A linear vector field with parameters of its own and in its arguments, one an integer."""

    rate: jax.Array
    twist: int

    def __call__(self, t, y, args):
        del t
        slow, whole = args
        return jnp.stack([slow * y[0] + whole * y[1], self.twist * y[0] + self.rate * y[1]])


INPUTS = (Y0, (jnp.array(0.1), -1.0), diffrax.ODETerm(Field(jnp.array(-0.1), 1)))
SAVEAT = diffrax.SaveAt(t0=True, ts=[0.25, 1.03, 1.9])
AT_WINDOWS = diffrax.SaveAt(t0=True, ts=[0.25, 1.0, 1.75])


def _steps(solver):
    """Return how many inner steps a step of a solver makes.

    diffrax takes a wrapped Heun for a Heun.
    """
    return solver.steps if isinstance(solver, ParallelNewton) else 1


def _sum(inputs, saveat, adjoint, solver, inner_dt=INNER_DT):
    y0, args, term = inputs
    dt0 = inner_dt * _steps(solver)
    return jnp.sum(
        diffrax.diffeqsolve(
            term, solver, T0, T1, dt0, y0, args, saveat=saveat, adjoint=adjoint, max_steps=32
        ).ys
    )


@eqx.filter_jit
def _gradient(adjoint, saveat, solver, inner_dt=INNER_DT):
    if isinstance(adjoint, diffrax.ForwardMode):
        inexact, rest = eqx.partition(INPUTS, eqx.is_inexact_array)
        return jax.jacfwd(lambda part: _sum(eqx.combine(part, rest), saveat, adjoint, solver))(
            inexact
        )
    return eqx.filter_grad(_sum)(INPUTS, saveat, adjoint, solver, inner_dt)


MODES = ["parallel", "sequential"]
SOLVERS = pytest.mark.parametrize(
    "solver", [diffrax.Heun(), four(diffrax.Heun())], ids=["stock", "ours"]
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("adjoint", "mode"),
    [
        (diffrax.RecursiveCheckpointAdjoint(), "parallel"),
        (diffrax.DirectAdjoint(), "parallel"),
        (diffrax.DirectAdjoint(), "sequential"),
        (diffrax.ForwardMode(), "parallel"),
        (diffrax.ForwardMode(), "sequential"),
    ],
    ids=repr,
)
def test_every_adjoint_gives_the_inner_solvers_gradient(adjoint, mode):
    stock = _gradient(adjoint, SAVEAT, diffrax.Heun())
    assert_close(_gradient(adjoint, SAVEAT, four(diffrax.Heun(), mode)), stock)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_backward_solve_makes_the_inner_solvers_steps(mode):
    """From where windows end: between, the last window's steps are shorter than stock's."""
    adjoint = diffrax.BacksolveAdjoint()
    stock = _gradient(adjoint, AT_WINDOWS, diffrax.Heun())
    assert_close(_gradient(adjoint, AT_WINDOWS, four(diffrax.Heun(), mode)), stock)


@pytest.mark.slow
@pytest.mark.parametrize(
    "adjoint",
    [diffrax.BacksolveAdjoint(), diffrax.BacksolveAdjoint(solver=diffrax.Heun())],
    ids=["the same solver", "another solver"],
)
def test_a_backward_solve_converges_to_the_gradient_at_least_at_the_inner_solvers_order(adjoint):
    """From anywhere; another solver makes one step where the windows are.

    The same one goes back to where it came from at a higher order, as the problem is linear.
    """
    solver = four(diffrax.Heun())

    def error(inner_dt):
        exact = _gradient(diffrax.RecursiveCheckpointAdjoint(), SAVEAT, solver, inner_dt)
        difference = ravel_pytree(_gradient(adjoint, SAVEAT, solver, inner_dt))[0]
        return float(jnp.linalg.norm(difference - ravel_pytree(exact)[0]))

    dts = jnp.array([1 / 16, 1 / 32, 1 / 64])
    slope = np.polyfit(np.log(dts), np.log([error(dt) for dt in dts]), 1)[0]
    assert slope > 1.65


@pytest.mark.slow
def test_gradients_of_a_batch_are_a_batch_of_gradients():
    solver, adjoint = four(diffrax.Heun()), diffrax.RecursiveCheckpointAdjoint()

    def loss(y0):
        return _sum((y0, *INPUTS[1:]), SAVEAT, adjoint, solver)

    batch = jnp.stack([Y0, 2 * Y0])
    inside = jax.jit(jax.grad(lambda ys: jnp.sum(jax.vmap(loss)(ys))))(batch)
    outside = jax.jit(jax.vmap(jax.grad(loss)))(batch)
    alone = jax.jit(jax.grad(loss))(Y0)
    np.testing.assert_allclose(inside, outside, rtol=1e-9)
    np.testing.assert_allclose(inside, [alone, alone], rtol=1e-9)  # the problem is linear


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_dense_output_has_a_gradient(mode):
    def value(y0, solver):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y * jnp.abs(y)),
            solver,
            0.0,
            1.0,
            _steps(solver) / 32,
            y0,
            saveat=diffrax.SaveAt(dense=True),
            max_steps=32,
        ).evaluate(jnp.array(0.53))

    ours, stock = (
        jax.jit(jax.grad(value), static_argnums=1)(jnp.array(1.3), solver)
        for solver in (four(diffrax.Heun(), mode), diffrax.Heun())
    )
    np.testing.assert_allclose(ours, stock, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@jax.numpy_dtype_promotion("standard")  # at a steady state diffrax itself evaluates at an integer t
def test_a_steady_state_is_differentiated_implicitly(mode):
    """y' = a - y^3 settles at the cube root of a, whose derivative is known."""

    def steady(a):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: args - y**3),
            four(diffrax.Heun(), mode),
            0.0,
            jnp.inf,
            0.1,
            jnp.array(1.0),
            a,
            stepsize_controller=diffrax.PIDController(rtol=1e-8, atol=1e-10),
            event=diffrax.Event(diffrax.steady_state_event()),
            adjoint=diffrax.ImplicitAdjoint(),
        ).ys[0]

    value, slope = jax.jit(jax.value_and_grad(steady))(jnp.array(8.0))
    np.testing.assert_allclose(value, 2.0, rtol=1e-6)
    np.testing.assert_allclose(slope, 1 / 12, rtol=1e-5)


@pytest.mark.slow
@SOLVERS
@pytest.mark.parametrize(
    ("transform", "adjoint", "kind"),
    [
        (jax.jacfwd, diffrax.RecursiveCheckpointAdjoint(), TypeError),
        (jax.jacfwd, diffrax.BacksolveAdjoint(), TypeError),
        (jax.grad, diffrax.ForwardMode(), Exception),
    ],
    ids=["forward through checkpoints", "forward through backsolve", "reverse through forward"],
)
def test_what_an_adjoint_cannot_do_is_an_error_with_any_solver(solver, transform, adjoint, kind):
    def loss(y0):
        return _sum((y0, *INPUTS[1:]), diffrax.SaveAt(t1=True), adjoint, solver)

    with pytest.raises(kind, match=r"forward-mode|reverse-mode|Reverse-mode|Forward-mode"):
        transform(loss)(Y0)


@pytest.mark.slow
@pytest.mark.parametrize("saveat", [diffrax.SaveAt(steps=True), diffrax.SaveAt(dense=True)])
def test_backsolve_refuses_what_it_cannot_save(saveat):
    with pytest.raises(NotImplementedError):
        _gradient(diffrax.BacksolveAdjoint(), saveat, four(diffrax.Heun()))


@pytest.mark.slow
@SOLVERS
def test_a_gradient_without_a_bound_on_the_steps_is_refused(solver):
    def loss(y0):
        term = diffrax.ODETerm(lambda t, y, args: -y)
        return diffrax.diffeqsolve(term, solver, 0.0, 1.0, 0.25, y0, max_steps=None).ys[-1]

    with pytest.raises(Exception, match="max_steps=None"):
        jax.grad(loss)(jnp.array(1.0))


def _noisy(solver, adjoint, y0):
    unsafe = diffrax.UnsafeBrownianPath((2,), jax.random.key(2))
    terms = noisy(lambda t, y, args: 0.2 * jnp.diag(y), unsafe)
    dt0 = _steps(solver) / 16
    return diffrax.diffeqsolve(
        terms, solver, 0.0, 1.0, dt0, y0, args=1.0, adjoint=adjoint, max_steps=16
    ).ys[-1]


def test_an_unsafe_path_is_refused_where_diffrax_refuses_it():
    with pytest.raises(ValueError, match="UnsafeBrownianPath"):
        _noisy(four(diffrax.Heun()), diffrax.RecursiveCheckpointAdjoint(), Y0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("adjoint", "mode"),
    [(diffrax.ForwardMode(), "sequential"), (diffrax.DirectAdjoint(), "parallel")],
    ids=["forward", "direct"],
)
def test_an_unsafe_path_is_the_same_path_where_diffrax_allows_it(adjoint, mode):
    """It is seeded by the times of each step, to the bit."""

    def both(y0, solver):
        def end(y):
            return _noisy(solver, adjoint, y)

        return jax.jvp(end, (y0,), (jnp.ones(2),))

    ours = jax.jit(lambda y0: both(y0, four(diffrax.Heun(), mode)))(Y0)
    assert_close(ours, jax.jit(lambda y0: both(y0, diffrax.Heun()))(Y0))


def _end(inputs, adjoint, solver, rate=1.0):
    y0, scale = inputs
    return diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: -rate * args.astype(y.dtype) * y),
        solver,
        0.0,
        1.0,
        _steps(solver) / 16,
        y0,
        scale,
        adjoint=adjoint,
        max_steps=16,
    ).ys[-1]


@pytest.mark.slow
@SOLVERS
def test_an_integer_has_no_gradient(solver):
    """And does not stand in the way of others that have one, if jax is told so."""
    inputs, adjoint = (jnp.array(1.0), jnp.array(2)), diffrax.RecursiveCheckpointAdjoint()
    with pytest.raises(TypeError, match="real- or complex-valued inputs"):
        jax.grad(_end)(inputs, adjoint, solver)
    by_y0, by_scale = jax.grad(_end, allow_int=True)(inputs, adjoint, solver)
    np.testing.assert_allclose(by_y0, np.exp(-2), rtol=1e-2)
    assert by_scale.dtype == jax.dtypes.float0


@pytest.mark.slow
@SOLVERS
def test_a_backward_solve_cannot_see_what_a_vector_field_closes_over(solver):
    def loss(rate):
        inputs = jnp.array(1.0), jnp.array(2.0)
        return _end(inputs, diffrax.BacksolveAdjoint(), solver, rate)

    with pytest.raises(Exception, match="with respect to a closed-over value"):
        jax.grad(loss)(jnp.array(1.0))


@pytest.mark.slow
@SOLVERS
def test_a_backward_solve_takes_a_single_term(solver):
    inner = diffrax.SemiImplicitEuler()
    solver = four(inner) if isinstance(solver, ParallelNewton) else inner
    case = CASES["SemiImplicitEuler"]
    with pytest.raises(NotImplementedError, match="take a single term"):
        diffrax.diffeqsolve(
            case.terms,
            solver,
            0.0,
            1.0,
            0.25,
            case.y0,
            args=1.5,
            adjoint=diffrax.BacksolveAdjoint(),
        )
