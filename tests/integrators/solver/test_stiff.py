"""Stiff problems: stages of implicit steps are found together with the states of a window."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

import parasim
from parasim import Method, ParallelNewton, Trapezoidal


def _implicit(kind, dtype=jnp.float64):
    # Newton's method stops at a hundredth of its tolerance, which must be above round-off.
    tolerance = 100 * float(jnp.finfo(dtype).eps) ** 0.75
    return kind(root_finder=optimistix.Newton(tolerance, tolerance, norm=optimistix.max_norm))


def _solve(field, solver, y0, edges, args=None):
    """Integrate window by window; the states at their ends, and what was done."""

    @jax.jit
    def solved(y0, edges):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            solver,
            edges[0],
            edges[-1],
            None,
            y0,
            args,
            stepsize_controller=diffrax.StepTo(edges),
            adjoint=diffrax.DirectAdjoint(),
            saveat=diffrax.SaveAt(ts=edges[1:], solver_state=isinstance(solver, ParallelNewton)),
            max_steps=edges.size - 1,
            throw=False,
        )

    return solved(y0, edges)


def _assert_parallel(solution, most_iterations):
    windows = parasim.windows(solution)
    np.testing.assert_array_equal(windows["mode"], 1)
    assert np.all(windows["update"] <= 1)
    assert np.all(windows["iterations"] <= most_iterations)


def _robertson(log_time, y, args):
    """In the logarithm of time: steps grow as the reactions slow down."""
    slow, fast, back = 0.04 * y[0], 3e7 * y[1] ** 2, 1e4 * y[1] * y[2]
    return jnp.exp(log_time) * jnp.stack([back - slow, slow - back - fast, fast])


# Of Kvaerno5 at tolerances of 1e-13, from (1, 0, 0) at t = 0 to t = 1e-5.
_ROBERTSON_START = jnp.array([9.9999960000801e-1, 3.9997600227e-7, 1.5998624e-11])
_ROBERTSON_TIMES = jnp.log(jnp.array([1e-5, 1e3, 1e11]))


def test_a_stiff_reaction_is_found_in_a_few_iterations_as_stepping_finds_it():
    solver = _implicit(diffrax.ImplicitEuler)
    inner = ParallelNewton(solver, steps=200, mode="parallel", newton_atol=1e-14)
    found = _solve(_robertson, inner, _ROBERTSON_START, _ROBERTSON_TIMES[:2])
    _assert_parallel(found, 6)
    nodes = jnp.linspace(_ROBERTSON_TIMES[0], _ROBERTSON_TIMES[1], 201)
    stepped = _solve(_robertson, solver, _ROBERTSON_START, nodes)
    np.testing.assert_allclose(found.ys[-1], stepped.ys[-1], rtol=1e-8)
    np.testing.assert_allclose(jnp.sum(found.ys[-1]), jnp.sum(_ROBERTSON_START), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_robertson_at_its_published_end(mode):
    """Source: Mazzia & Magherini, Test Set for Initial Value Problem Solvers, 2008."""
    solver = ParallelNewton(
        _implicit(diffrax.Kvaerno5), steps=512, mode=mode, newton_rtol=1e-9, newton_atol=1e-13
    )
    found = _solve(_robertson, solver, _ROBERTSON_START, _ROBERTSON_TIMES)
    if mode == "parallel":
        _assert_parallel(found, 8)
    end = [0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050]
    np.testing.assert_allclose(found.ys[-1], end, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [diffrax.ImplicitEuler, Trapezoidal, diffrax.Kvaerno3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_linear_stiff_system_is_the_powers_of_the_methods_stability_function(kind, dtype):
    """Of a decay with rate 1e4 per step and a rotation."""
    matrix = np.diag([-1e4, 0, 0]) + np.array([[0, 0, 0], [0, 0, 1], [0, -1, 0]])
    y0, unit, dt = np.array([1.0, 1.0, 0.0]), np.eye(3), 0.1
    z = dt * matrix
    stability = {
        diffrax.ImplicitEuler: np.linalg.inv(unit - z),
        Trapezoidal: np.linalg.solve(unit - z / 2, unit + z / 2),
    }.get(kind)
    solver = ParallelNewton(_implicit(kind, dtype), steps=64, mode="parallel")
    found = _solve(
        lambda t, y, args: jnp.asarray(matrix, y.dtype) @ y,
        solver,
        jnp.asarray(y0, dtype),
        jnp.asarray(np.arange(3) * 64 * dt, dtype),
    )
    _assert_parallel(found, 2)
    assert found.ys.dtype == dtype
    tolerance = 1e-9 if dtype == "float64" else 3e-4
    if stability is None:
        t = 128 * dt
        np.testing.assert_allclose(found.ys[-1], [0, np.cos(t), -np.sin(t)], atol=1e-3)
    else:
        expected = np.linalg.matrix_power(stability, 128) @ y0
        np.testing.assert_allclose(found.ys[-1], expected, atol=tolerance)


@pytest.mark.slow
def test_a_relaxation_oscillation_of_van_der_pol_between_two_jumps():
    """Windows of 0.05 to 300 time units; the fast ones are solved as those at rest.

    diffrax's own step finds no solution of some stages at the jumps.
    """
    mu, start = 1000.0, jnp.array([1.001, -0.5])

    def field(t, y, args):
        return jnp.stack([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    jump = 807.2970685  # when x = -1.001, by Kvaerno5 at tolerances of 1e-10
    away = np.array([0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    behind = np.array([0.0, 0.05, 0.1, 0.2, 0.4])
    edges = jnp.concatenate([behind, away[3:], jump - away[::-1], jump + behind])
    solver = ParallelNewton(_implicit(diffrax.Kvaerno3), steps=512, mode="parallel")
    found = _solve(field, solver, start, edges)
    assert found.result == diffrax.RESULTS.successful
    _assert_parallel(found, 16)
    x, exact = found.ys[:, 0], _solve_adaptively(field, start, edges)[:, 0]
    at_rest = np.abs(exact) > 1.5
    assert np.sum(at_rest) > 10
    np.testing.assert_allclose(x[at_rest], exact[at_rest], atol=2e-4)
    assert x[5] < -1.9 < 1.9 < x[-1]


def _solve_adaptively(field, y0, edges):
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        diffrax.Kvaerno5(),
        edges[0],
        edges[-1],
        1e-6,
        y0,
        stepsize_controller=diffrax.PIDController(rtol=1e-10, atol=1e-12),
        saveat=diffrax.SaveAt(ts=edges[1:]),
        max_steps=100_000,
    )
    assert solution.ys is not None
    return solution.ys


@pytest.mark.slow
@pytest.mark.parametrize(
    ("current", "dt", "interval"), [(1.0, 5.0, 8), (3.0, 0.2, 8), (10.0, 0.1, 2)]
)
def test_a_neuron_in_steps_beyond_what_explicit_methods_can_make(current, dt, interval):
    """At rest, with one spike, and firing; the last step is what they can just make."""
    neuron = parasim.get_system("hodgkin-huxley")
    params = {name: parameter.value for name, parameter in neuron.params.items()}
    y0 = neuron.initial_state(params, 0)
    edges = jnp.arange(3) * 256 * dt
    inner = _implicit(diffrax.Kvaerno3)
    params["I"] = current
    solver = ParallelNewton(
        inner, steps=256, mode="parallel", method=Method(interval=interval), restart_every=10
    )
    found = _solve(neuron.vector_field, solver, y0, edges, params)
    _assert_parallel(found, 24)
    stepped = _solve(neuron.vector_field, inner, y0, jnp.arange(513) * dt, params)
    for ours, theirs in zip(jax.tree.leaves(found.ys), jax.tree.leaves(stepped.ys), strict=True):
        np.testing.assert_allclose(ours[-1], theirs[-1], rtol=1e-7)
    if current < 10:
        tsit5 = _solve(neuron.vector_field, diffrax.Tsit5(), y0, jnp.arange(513) * dt, params)
        assert not np.isfinite(jax.tree.leaves(tsit5.ys)[0][-1]).all()


def _end(parameters, mode):
    def field(t, y, mu):
        return jnp.stack([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    solver = ParallelNewton(
        _implicit(diffrax.Kvaerno3), steps=32, mode=mode, newton_rtol=1e-12, newton_atol=1e-12
    )
    start, mu = parameters
    return jnp.sum(_solve(field, solver, start, jnp.array([0.0, 2.0]), mu).ys ** 2)


@pytest.mark.slow
@pytest.mark.parametrize("transform", [jax.grad, jax.hessian])
def test_derivatives_are_those_of_steps_that_are_solved_one_by_one(transform):
    at = jnp.array([2.0, -0.3]), jnp.array(30.0)
    parallel, stepped = (
        jax.jit(transform(_end), static_argnums=1)(at, mode) for mode in ("parallel", "sequential")
    )
    for ours, theirs in zip(jax.tree.leaves(parallel), jax.tree.leaves(stepped), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.slow
def test_a_vector_field_that_ends_somewhere_is_a_result_and_no_crash():
    """y' = -sqrt(y) has no solution for a step from where less than nothing would be left."""
    solver = ParallelNewton(_implicit(diffrax.ImplicitEuler), steps=64, mode="parallel")
    found = _solve(
        lambda t, y, args: -jnp.sqrt(y) - 1, solver, jnp.array([1.0, 2.0]), jnp.array([0.0, 3.0])
    )
    assert found.result == diffrax.RESULTS.nonfinite
