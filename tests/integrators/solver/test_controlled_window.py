"""Windows whose steps follow from a tolerance."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

import parasim
from parasim import ConfigError, ParallelNewton
from parasim.integrators.solver._window_integrator import WindowIntegrator
from tests.problems import PARALLEL_PAYS, lorenz

END = 6.0
TIMES = jnp.linspace(0, END, 33)
STATE = diffrax.SaveAt(t1=True, solver_state=True)


def _van_der_pol(t, y, args):
    del t
    return jnp.stack([y[1], args * (1 - y[0] ** 2) * y[1] - y[0]])


TERM = diffrax.ODETerm(_van_der_pol)
Y0 = jnp.array([2.0, 0.0])


def _solver(**arguments):
    return ParallelNewton(
        **({"steps": 128, "mode": "parallel", "rtol": 1e-7, "atol": 1e-9} | arguments)
    )


def _solve(solver, y0=Y0, mu=1.0, t1=END, dt0=END / 2, **arguments):
    return diffrax.diffeqsolve(TERM, solver, 0.0, t1, dt0, y0, mu, **arguments)


@eqx.filter_jit
def _exact(y0=Y0, mu=1.0, t1=END, saveat=diffrax.SaveAt(t1=True)):  # noqa: B008
    controller = diffrax.PIDController(rtol=1e-12, atol=1e-12)
    return _solve(
        *(diffrax.Dopri8(), y0, mu, t1, 0.01), stepsize_controller=controller, saveat=saveat
    ).ys


def test_a_window_in_parallel_is_within_its_tolerance_and_read_on_its_own_mesh():
    solution = _solve(_solver(), saveat=diffrax.SaveAt(dense=True, solver_state=True), max_steps=2)
    windows = parasim.windows(solution)
    assert np.all(windows["mode"] == 1)
    assert np.all(windows["attempts"] == 0)
    assert np.all(windows["coarse_attempts"] < windows["inner_steps"])
    assert np.all(windows["error"] < 1)
    assert np.all(windows["error"] > 0.1)  # not much finer than need be
    exact = _exact(saveat=diffrax.SaveAt(ts=TIMES))
    np.testing.assert_allclose(parasim.evaluate(solution, TIMES), exact, atol=1e-6)
    np.testing.assert_allclose(jax.vmap(solution.evaluate)(TIMES), exact, atol=1e-6)
    times, states = parasim.inner_steps(solution)
    made = int(np.sum(windows["inner_steps"])) + 1
    assert np.all(np.isfinite(times)) == (made == times.size)
    sizes = np.diff(times[:made])
    assert sizes.max() > 3 * sizes.min()
    ends = diffrax.SaveAt(ts=times[:made])
    np.testing.assert_allclose(states[:made], _exact(saveat=ends), atol=1e-6)


def test_an_implicit_step_is_traced_once_for_all_places_that_need_it():
    traced = []

    class Counting(diffrax.ImplicitEuler):
        def step(self, *arguments, **named):
            traced.append(named)
            return super().step(*arguments, **named)

    roots = optimistix.Chord(rtol=1e-9, atol=1e-9)
    steps = _solver(solver=Counting(root_finder=roots))
    jax.eval_shape(lambda y0: _solve(steps, y0, max_steps=2).ys, Y0)
    # For windows; and for adaptive passes, which need no derivatives.
    assert len(traced) == 2


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_a_smaller_tolerance_means_a_smaller_error(mode):
    errors = [
        np.max(np.abs(_solve(_solver(mode=mode, rtol=tol, atol=tol)).ys - _exact()))
        for tol in (1e-5, 1e-8)
    ]
    assert errors[0] < 1e-3
    assert errors[1] < 1e-6
    assert errors[1] < errors[0] / 30


@pytest.mark.slow
def test_sequential_windows_are_diffraxs_own_steps():
    solver = _solver(mode="sequential")
    solution = _solve(solver, dt0=END, saveat=STATE)
    stock = _solve(
        diffrax.Tsit5(),
        dt0=None,
        stepsize_controller=diffrax.PIDController(rtol=1e-7, atol=1e-9),
    )
    windows = parasim.windows(solution)
    assert abs(int(windows["attempts"][0]) - int(stock.stats["num_steps"])) <= 3
    np.testing.assert_allclose(solution.ys, stock.ys, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_gradients_are_those_of_the_solution(mode):
    def end(solve, *at):
        return jnp.sum(solve(*at) * jnp.array([1.0, 0.5]))

    at = Y0, jnp.array(1.0), jnp.array(END)

    def gradient(solve, which):
        return jax.jit(jax.grad(lambda *at: end(solve, *at), which))(*at)

    ours = gradient(lambda *at: _solve(_solver(mode=mode), *at).ys[-1], (0, 1, 2))
    exact = gradient(lambda *at: _exact(*at)[-1], (0, 1))
    slope = jnp.dot(_van_der_pol(None, _exact()[-1], 1.0), jnp.array([1.0, 0.5]))
    for one, other in zip(ours, (*exact, slope), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


@pytest.mark.slow
def test_what_a_vector_field_closes_over_has_a_gradient():
    def end(mu):
        term = diffrax.ODETerm(lambda t, y, args: _van_der_pol(t, y, mu))
        return diffrax.diffeqsolve(term, _solver(), 0.0, END, END, Y0).ys[-1, 0]

    exact = jax.grad(lambda mu: _exact(mu=mu)[-1, 0])(jnp.array(1.0))
    np.testing.assert_allclose(jax.grad(end)(jnp.array(1.0)), exact, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
@pytest.mark.parametrize("dtype", [jnp.float64, jnp.float32])
def test_tolerances_that_are_arrays_change_without_another_compilation(mode, dtype):
    compiled = []
    times = [jnp.array(t, dtype) for t in (0, END, END / 2)]

    @jax.jit
    def solve(rtol):
        compiled.append(rtol)
        solver = _solver(mode=mode, rtol=rtol, atol=rtol / 10)
        return diffrax.diffeqsolve(TERM, solver, *times, Y0.astype(dtype), jnp.ones((), dtype)).ys

    for rtol in (1e-4, 1e-3):
        solver = _solver(mode=mode, rtol=rtol, atol=rtol / 10)
        expected = diffrax.diffeqsolve(TERM, solver, *times, Y0.astype(dtype), jnp.ones((), dtype))
        found = solve(jnp.asarray(rtol, dtype))
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected.ys, rtol=rtol)  # rounding counts steps anew
    assert len(compiled) == 1


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential", "auto"])
def test_float32(mode):
    solver = _solver(mode=mode, rtol=1e-4, atol=1e-5, costs=PARALLEL_PAYS)
    times = [jnp.array(t, jnp.float32) for t in (0, END, END / 2)]
    solution = diffrax.diffeqsolve(
        TERM, solver, *times, Y0.astype(jnp.float32), jnp.float32(1), saveat=STATE
    )
    assert solution.ys.dtype == jnp.float32
    np.testing.assert_allclose(solution.ys, _exact(), atol=1e-3)
    assert np.all(parasim.windows(solution)["error"] < 1)


@pytest.mark.slow
def test_a_window_that_newton_does_not_solve_is_finished_within_the_tolerance():
    """Forty Lyapunov times at once."""
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lorenz(28)),
        *(_solver(steps=4096), 0.0, 40.0, 40.0, jnp.array([1.0, 2.0, 20.0])),
        saveat=STATE,
    )
    windows = parasim.windows(solution)
    assert windows["fell_back"].all()
    assert windows["attempts"][0] > 100
    assert windows["error"][0] < 1 + 1e-6


@pytest.mark.slow
def test_too_few_slots_are_never_silent():
    solution = _solve(_solver(steps=16), throw=False)
    assert solution.result == diffrax.RESULTS.max_steps_reached
    assert np.all(np.isnan(solution.ys))


@pytest.mark.slow
def test_a_controller_with_the_same_tolerance_makes_windows_that_fill_their_slots():
    controller = diffrax.PIDController(rtol=1e-7, atol=1e-9)
    solution = _solve(_solver(steps=32), dt0=END, stepsize_controller=controller, saveat=STATE)
    np.testing.assert_allclose(solution.ys, _exact(), atol=1e-6)
    assert solution.stats["num_rejected_steps"] < 10
    assert np.max(parasim.windows(solution)["inner_steps"]) > 16


@pytest.mark.slow
def test_a_batch_has_meshes_of_its_own():
    mus = jnp.array([0.5, 1.5])
    ys, inner = jax.jit(
        jax.vmap(
            lambda mu: (
                lambda solution: (solution.ys[-1], solution.solver_state.log.more.inner_steps[0])
            )(_solve(_solver(), mu=mu, saveat=STATE))
        )
    )(mus)
    exact = jnp.stack([_exact(mu=mu)[-1] for mu in mus])
    np.testing.assert_allclose(ys, exact, atol=1e-5)
    assert inner[0] != inner[1]


@pytest.mark.slow
def test_events_and_windows_of_parasims_diffeqsolve():
    event = diffrax.Event(
        lambda t, y, args, **_: y[0], root_finder=optimistix.Bisection(1e-9, 1e-9)
    )
    solution = parasim.diffeqsolve(
        *(TERM, _solver(), 0.0, END, END / 128, Y0, 1.0),
        event=event,
        stepsize_controller=parasim.Windows(128),
    )
    exact = _exact(t1=solution.ts[-1])[-1]
    assert abs(exact[0]) < 1e-6
    assert exact[1] < -1  # the first zero


def test_a_grid_of_equal_steps_is_another_thing():
    with pytest.raises(ConfigError, match=r"parasim\.diffeqsolve"):
        WindowIntegrator(_solver(), _van_der_pol, 0.0, 0.1)
