import diffrax
import jax
import jax.numpy as jnp
import pytest

import parasim
from parasim import ConfigError, DeviceCosts, Method, ParallelNewton, SolverError
from parasim.integrators.calibration import _calibration
from parasim.integrators.calibration._calibration import fit_costs
from parasim.integrators.calibration._window_programs import Iterated
from parasim.integrators.decision._costs_cache import costs_file, costs_key, load_costs

TERM = diffrax.ODETerm(lambda t, y, args: jax.tree.map(lambda leaf: -args * leaf, y))
EULER = ParallelNewton(diffrax.Euler(), method=Method(interval=4))


def times(costs, lengths=(256, 1024, 4096)):
    return {steps: costs.one_iteration(steps, interval=8) for steps in lengths}


@pytest.mark.parametrize(
    "costs",
    [
        DeviceCosts(step=1e-5, iteration=4e-5, level=3e-5, work=2e-9),  # as of a GPU
        DeviceCosts(step=3e-8, iteration=5e-6, level=0.0, work=1e-7),  # as of a CPU
        DeviceCosts(step=1.0, iteration=0.0, level=7.0, work=0.0),
    ],
)
def test_the_fit_recovers_costs_from_their_times(costs):
    found = fit_costs(costs.step, times(costs), interval=8)
    assert found.step == costs.step
    for name in ("iteration", "level", "work"):
        assert getattr(found, name) == pytest.approx(
            getattr(costs, name), rel=1e-9, abs=1e-13 * costs.step
        )


def test_no_cost_is_negative_whatever_was_timed():
    found = fit_costs(1.0, {256: 9.0, 1024: 5.0, 4096: 7.0}, interval=8)
    assert min(found.iteration, found.level, found.work) >= 0
    assert max(found.iteration, found.level, found.work) > 0


def test_of_two_windows_it_is_work_and_a_constant():
    found = fit_costs(1.0, {256: 5.0 + 256.0, 2048: 5.0 + 2048.0}, interval=8)
    assert (found.iteration, found.level, found.work) == pytest.approx((5.0, 0.0, 1.0))


def test_of_one_window_all_time_is_work():
    assert fit_costs(1.0, {64: 128.0}, interval=8) == DeviceCosts(1.0, 0.0, 0.0, 2.0)


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """Give tiny windows, and a clock that counts: 2 us a step, 5 us an iteration."""
    monkeypatch.setenv("PARASIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_calibration, "_SEQUENTIAL_STEPS", (16,))
    monkeypatch.setattr(_calibration, "_PARALLEL_STEPS", {"cpu": (10,)})
    as_told = []

    def timed(run):
        def program(turns):
            result = run(min(turns, 40))
            iterating = isinstance(result, Iterated)
            as_told.append(not iterating or int(result.iterations) == min(turns, 40))
            return turns * (5e-6 if iterating else 16 * 2e-6)

        return program

    monkeypatch.setattr(_calibration, "timed", timed)
    return as_told


def test_calibrating_times_real_steps_and_as_many_iterations_as_it_says(counted):
    y0 = {"a": jnp.float32(1.0), "b": jnp.ones(2, jnp.float32)}
    costs_file(costs_key("diffrax", 3, jnp.float32, 4)).write_text("{}")  # not warned of any more
    costs = parasim.calibrate(TERM, EULER, y0, jnp.float32(0.5), dt0=0.1)
    assert costs.step == pytest.approx(2e-6)
    assert costs.work == pytest.approx(5e-6 / 10)
    assert all(counted)
    assert load_costs(costs_key("diffrax", 3, jnp.float32, 4)) == costs
    assert EULER.window_solver(y0).costs == costs


def test_beside_an_accelerator_the_host_s_steps_are_timed_too(counted, monkeypatch):
    monkeypatch.setattr(_calibration, "host_beside", lambda: jax.devices()[0])
    costs = parasim.calibrate(TERM, EULER, jnp.ones(2), 0.5, dt0=0.1)
    assert costs.host_step == costs.step == pytest.approx(2e-6)
    assert costs.work == pytest.approx(5e-6 / 10)
    assert all(counted)
    assert EULER.window_solver(jnp.ones(2), host=True).costs == costs
    assert EULER.window_solver(jnp.ones(2)).costs == costs.alone()


def test_a_scan_is_calibrated_for_itself(counted):
    def f(carry, x):
        count, number = carry
        return (count + 1, jnp.cos(number) * x), number

    costs = parasim.calibrate_scan(f, (0, jnp.ones(2)), jnp.linspace(0.1, 0.9, 7))
    assert costs.step == pytest.approx(2e-6)
    assert all(counted)
    assert load_costs(costs_key("scan", 2, jnp.float64, 8)) == costs
    assert load_costs(costs_key("diffrax", 2, jnp.float64, 8)) is None


@pytest.mark.parametrize("transformed", [jax.jit, jax.vmap, jax.grad])
def test_tracers_are_refused(transformed):
    def traced(y0):
        return parasim.calibrate(TERM, EULER, y0, 1.0, dt0=0.1).step

    with pytest.raises(ConfigError, match="call it outside"):
        transformed(traced)(jnp.array(1.0) if transformed is jax.grad else jnp.ones(3))


def test_tracing_around_numbers_is_refused():
    init = jnp.ones(2)
    for measured in (
        lambda: parasim.calibrate(TERM, EULER, init, 1.0, dt0=0.1).step,
        lambda: parasim.calibrate_scan(lambda c, x: (c, x), init).step,
    ):
        with pytest.raises(ConfigError, match="call it outside"):
            jax.jit(measured)()


@pytest.mark.parametrize("y0", [jnp.zeros(0), 3, {"a": jnp.ones(2), "b": jnp.array(True)}])
def test_a_state_without_numbers_is_refused(y0):
    with pytest.raises(ConfigError, match="nothing to calibrate"):
        parasim.calibrate(TERM, EULER, y0, 1.0, dt0=0.1)


def test_a_carry_without_numbers_is_refused():
    with pytest.raises(ConfigError, match="nothing to calibrate"):
        parasim.calibrate_scan(lambda c, x: (c + 1, None), 0)


def test_a_state_too_large_for_any_window_is_refused(monkeypatch):
    monkeypatch.setattr("parasim.integrators.window._window_memory.device_memory", lambda: 10**9)
    with pytest.raises(ConfigError, match=r"10000 variables .*mode='sequential'"):
        parasim.calibrate(TERM, EULER, jnp.zeros(10_000), 1.0, dt0=0.1)


def test_a_state_that_does_not_stay_finite_is_an_error(counted):
    with pytest.raises(SolverError, match=r"over 16 steps: choose smaller ones \(dt0"):
        parasim.calibrate(TERM, EULER, jnp.ones(3), 1.0, dt0=1e30)
    assert not load_costs(costs_key("diffrax", 3, jnp.float64, 4))
