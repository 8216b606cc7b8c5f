import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError
from parasim.integrators.decision import _decision as decision
from parasim.integrators.decision._costs import device_costs
from parasim.integrators.method._method import Method
from parasim.integrators.newton._newton import NewtonOptions
from parasim.integrators.window._options import decision_of
from parasim.integrators.window._recurrence import Recurrence, step_through
from parasim.integrators.window._window import WindowSolver
from tests.problems import PARALLEL_PAYS

THERE = "parasim.integrators.window._window_memory.device_memory"
OPTIONS = NewtonOptions(Method(interval=4), 1e-10, 1e-10)
MODES = {name: decision_of(name, 5) for name in ("auto", "parallel", "sequential")}


def _turning(y, x):
    """A state of two leaves; nothing here is a differential equation."""
    return {"a": 0.9 * jnp.sin(y["b"]) + x, "b": 0.5 * y["a"]}


def _recurrence(count, duration=1.0):
    inputs = jax.random.normal(jax.random.key(0), (count,))
    return Recurrence(_turning, inputs, jnp.array(duration))


Y0 = {"a": jnp.array(1.0), "b": jnp.array(-2.0)}


@eqx.filter_jit
def _solve(solver, recurrence, y0, history):
    return solver.solve(recurrence, y0, history)


def _solver(mode, costs=PARALLEL_PAYS):
    return WindowSolver(MODES[mode], OPTIONS, 50, costs)


@pytest.mark.parametrize("mode", ["auto", "parallel", "sequential"])
def test_any_recurrence_is_solved_in_every_mode(mode):
    recurrence = _recurrence(99)
    solver = _solver(mode)
    last, states, record, history = _solve(solver, recurrence, Y0, solver.start(Y0, 64))
    expected_last, expected = step_through(recurrence, Y0)
    for name in Y0:
        np.testing.assert_allclose(states[name], expected[name], atol=1e-9)
        np.testing.assert_allclose(last[name], expected_last[name], atol=1e-9)
    assert bool(record.parallel) == (mode != "sequential")
    assert record.finite
    assert int(history.windows) == 1
    np.testing.assert_array_equal(record.exponent, history.growth.mean)
    iterations = int(record.iterations) * PARALLEL_PAYS.one_iteration(99, 4)
    reckoned = {"sequential": 99, "parallel": 25 + iterations, "auto": float(record.cost)}
    assert record.cost == pytest.approx(reckoned[mode])  # a first guess of all 99 steps costs 25
    assert 0 <= record.wasted <= record.cost
    assert (record.wasted > 0) == (record.cost > 99)


def test_growth_of_a_parallel_window_is_per_unit_of_time():
    """The recurrence contracts by sqrt(0.45 |cos b|) or more per step."""
    solver = _solver("parallel")
    rates = [
        float(_solve(solver, _recurrence(64, duration), Y0, solver.start(Y0, 64))[2].growth_rate)
        for duration in (1.0, 4.0)
    ]
    assert rates[0] < 64 * np.log(0.45**0.5)
    assert rates[0] == pytest.approx(4 * rates[1])


def test_sequential_windows_measure_growth_in_one_of_thirty_two():
    decay = Recurrence(lambda y, x: 0.5 * y, jnp.zeros(64), jnp.array(6.4))
    solver, y = _solver("sequential"), jnp.ones(2)
    history, rates, exponents = solver.start(y, 64), [], []
    solve = jax.jit(lambda y, history: solver.solve(decay, y, history))
    for _ in range(64):
        y, _, record, history = solve(y, history)
        rates.append(float(record.growth_rate))
        exponents.append((float(record.exponent), float(record.exponent_error)))
    measured = np.isfinite(rates)
    np.testing.assert_array_equal(np.flatnonzero(measured), [31, 63])
    np.testing.assert_allclose(np.array(rates)[measured], np.log(0.5) / 0.1)
    assert np.isnan(exponents[30][0])
    np.testing.assert_allclose(exponents[31], (np.log(0.5) / 0.1, np.inf))
    np.testing.assert_allclose(exponents[63], (np.log(0.5) / 0.1, 0), atol=1e-7)


def test_a_state_that_is_not_finite_is_no_success_in_any_mode():
    explosion = Recurrence(lambda y, x: y**2, jnp.zeros(32), jnp.array(1.0))
    for mode in ("parallel", "sequential"):
        solver, y0 = _solver(mode), jnp.array([1.1])
        _, _, record, _ = _solve(solver, explosion, y0, solver.start(y0, 64))
        assert not record.finite
        assert not record.parallel
        assert bool(record.fell_back) == (mode == "parallel")


def test_without_a_device_that_pays_the_choice_is_made_while_tracing():
    solver = _solver("auto", device_costs("cpu", 2, 8, 2))
    recurrence = _recurrence(64)
    traced = jax.make_jaxpr(lambda y: solver.solve(recurrence, y, solver.start(y, 64))[2].reason)(
        Y0
    )
    assert "while" not in str(traced)  # Newton's loop is not even compiled
    reason = _solve(solver, recurrence, Y0, solver.start(Y0, 64))[2].reason
    assert int(reason) == decision.DEVICE


def test_a_calm_member_of_a_chaotic_batch_says_why_it_was_stepped():
    def choose(growth_rate):
        solver = WindowSolver(decision.GrowthThreshold(), OPTIONS, 50, PARALLEL_PAYS)
        history = solver.start(Y0, 64).after_window(growth_rate)
        return solver.solve(_recurrence(99), Y0, history)[2]

    record = jax.jit(jax.vmap(choose))(jnp.array([-1.0, 100.0]))
    np.testing.assert_array_equal(record.parallel, [False, False])
    np.testing.assert_array_equal(record.reason, [decision.BATCH, decision.GROWTH])


def test_members_that_converge_differently_fall_back_alone():
    """One member settles; the other doubles its errors at every step."""
    recurrence = Recurrence(lambda y, x: y * (1 - y) * x, jnp.full(512, 1.0), jnp.array(1.0))

    def solve(factor):
        scaled = recurrence._replace(inputs=recurrence.inputs * factor)
        solver, y0 = _solver("parallel"), jnp.array([0.3])
        last, _, record, _ = _solve(solver, scaled, y0, solver.start(y0, 64))
        return last, record, step_through(scaled, y0)[0]

    last, record, expected = jax.jit(jax.vmap(solve))(jnp.array([1.5, 4.0]))
    np.testing.assert_array_equal(record.parallel, [True, False])
    np.testing.assert_array_equal(record.fell_back, [False, True])
    np.testing.assert_allclose(record.wasted, np.maximum(record.cost - 512, 0))
    assert record.wasted[1] > 0
    np.testing.assert_allclose(last, expected, atol=1e-9)


@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_states_that_cannot_fit_into_memory_are_refused_with_the_number(monkeypatch, mode):
    """99 steps of 2 variables: 792 bytes of inputs, and 1584 of states."""
    solver = _solver(mode)

    def solve(there):
        monkeypatch.setattr(THERE, lambda: there)
        jax.eval_shape(lambda: solver.solve(_recurrence(99), Y0, solver.start(Y0, 64))[:2])

    with pytest.raises(ConfigError, match=r"99 steps of 2 variables .* GB .*steps="):
        solve(2375)
    solve(2376)
    solve(None)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "parallel", "sequential"])
def test_kernels_solve_a_window_as_loops_do(mode, monkeypatch):
    recurrence, solver = _recurrence(33), _solver(mode)

    def solved(y0):
        last, states, _, _ = solver.solve(recurrence, y0, solver.start(y0, 33))
        return last, states, jax.tree.reduce(jnp.add, last)

    def both(y0):
        return solved(y0)[:2], jax.grad(lambda y0: solved(y0)[2])(y0)

    expected = jax.jit(lambda y0: both(y0))(Y0)
    monkeypatch.setenv("PARASIM_KERNELS", "interpret")
    found = jax.jit(lambda y0: both(y0))(Y0)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
