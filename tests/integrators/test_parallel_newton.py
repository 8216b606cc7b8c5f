import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

import parasim
from parasim import ConfigError, DeviceCosts, ParallelNewton
from tests.problems import CHAOTIC, PREDICTABLE, Problem, lorenz, lorenz96

BOTH = pytest.mark.parametrize("mode", ["parallel", "sequential"])
STATE = diffrax.SaveAt(t1=True, solver_state=True)


def _run(problem: Problem, solver: ParallelNewton, saveat=STATE, steps=None, **options):
    steps = problem.steps if steps is None else steps
    return diffrax.diffeqsolve(
        diffrax.ODETerm(problem.vector_field),
        solver,
        0.0,
        steps * problem.dt,
        dt0=solver.steps * problem.dt,
        y0=jnp.asarray(problem.y0, float),
        saveat=saveat,
        **options,
    )


@pytest.mark.parametrize("name", PREDICTABLE)
def test_predictable_windows_take_at_most_three_iterations(name):
    problem = PREDICTABLE[name]
    parallel = _run(problem, ParallelNewton(mode="parallel"))
    stepped = _run(problem, ParallelNewton(mode="sequential"))
    windows = parasim.windows(parallel)
    assert np.median(windows["iterations"]) <= 3
    assert not windows["fell_back"].any()
    assert np.all(windows["mode"] == 1)
    assert np.all(windows["update"] <= 1)
    tolerance = 1e-7 if name == "Henon-Heiles" else 1e-9
    scale = np.max(np.abs(stepped.ys))
    np.testing.assert_allclose(parallel.ys, stepped.ys, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("mode", ["auto", "parallel", "sequential"])
def test_the_trajectory_is_the_inner_solvers_at_the_inner_step(mode):
    problem = PREDICTABLE["Lorenz rho=10"]
    ts = jnp.linspace(0, 10, 7)
    ours = _run(problem, ParallelNewton(steps=250, mode=mode), diffrax.SaveAt(ts=ts), steps=1000)
    stock = diffrax.diffeqsolve(
        diffrax.ODETerm(problem.vector_field),
        diffrax.Tsit5(),
        0.0,
        10.0,
        dt0=0.01,
        y0=jnp.asarray(problem.y0, float),
        saveat=diffrax.SaveAt(ts=ts),
    )
    np.testing.assert_allclose(ours.ys, stock.ys, rtol=1e-9)


@pytest.mark.parametrize("name", CHAOTIC)
@pytest.mark.parametrize("windows_in_all", [8, 44])
def test_chaotic_windows_shadow_the_stepped_ones(name, windows_in_all):
    """50 Lyapunov times: every window is stepped again from where the last one ended."""
    problem = CHAOTIC[name]
    steps = problem.steps // windows_in_all
    edges = jnp.linspace(0, steps * windows_in_all * problem.dt, windows_in_all + 1)
    saveat = diffrax.SaveAt(ts=edges, solver_state=True)
    solver = ParallelNewton(mode="parallel", steps=steps)
    parallel = _run(problem, solver, saveat, steps=steps * windows_in_all)
    windows = parasim.windows(parallel)
    assert len(windows["mode"]) == windows_in_all
    one_window = Problem(problem.vector_field, None, problem.dt, steps)
    stepper = ParallelNewton(mode="sequential", steps=steps)
    stepped = jax.vmap(lambda y: _run(one_window._replace(y0=y), stepper).ys[-1])(parallel.ys[:-1])
    error = np.max(np.abs(stepped - parallel.ys[1:]), axis=1) / np.max(np.abs(stepped))
    by_newton = windows["mode"] == 1
    assert by_newton.any()
    # Stepped both times, but a batch rounds differently, and chaos makes that grow.
    np.testing.assert_array_less(error[~by_newton], 1e-7)
    np.testing.assert_array_less(error[by_newton], 1e-9)
    if windows_in_all == 44:  # about one Lyapunov time each
        assert by_newton.all()
        assert np.median(windows["iterations"]) <= 4


@BOTH
@pytest.mark.parametrize(
    ("inner", "order"),
    [(diffrax.Euler, 1), (diffrax.Heun, 2), (diffrax.Bosh3, 3), (diffrax.Tsit5, 5)],
)
def test_the_inner_solvers_order_survives(inner, order, mode):
    """The harmonic oscillator turns its state around a circle."""

    def error(steps):
        term = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[1], -y[0]]))
        solver = ParallelNewton(inner(), steps=steps, mode=mode)
        y0 = jnp.array([1.0, 0.0])
        solution = diffrax.diffeqsolve(term, solver, 0.0, 2.0, dt0=1.0, y0=y0)
        return np.linalg.norm(solution.ys[-1] - jnp.array([np.cos(2.0), -np.sin(2.0)]))

    assert np.log2(error(12) / error(24)) == pytest.approx(order, abs=0.3)


@BOTH
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_both_precisions_settle_where_lorenz_does(dtype, mode):
    solver = ParallelNewton(mode=mode, steps=512)
    t1, dt0 = jnp.asarray(40.96, dtype), jnp.asarray(5.12, dtype)
    y0 = jnp.array([1, 2, 3], dtype)
    term = diffrax.ODETerm(lorenz(10))
    solution = diffrax.diffeqsolve(term, solver, t1 * 0, t1, dt0=dt0, y0=y0, saveat=STATE)
    tolerance = 1e-4 if dtype == jnp.float32 else 1e-9
    assert solution.ys.dtype == dtype
    root = 24**0.5
    np.testing.assert_allclose(solution.ys[-1], [root, root, 9], rtol=tolerance)
    windows = parasim.windows(solution)
    assert np.all(windows["mode"] == (mode == "parallel"))
    assert np.median(windows["iterations"]) <= 3


@BOTH
def test_a_state_may_be_a_tree_of_complex_leaves(mode):
    term = diffrax.ODETerm(
        lambda t, y, args: {"z": 1j * y["z"] * (1 + 0.1 * t), "w": (-y["w"][0],)}
    )
    y0 = {"z": jnp.array([1 + 0j, 2j]), "w": (jnp.array(1 + 0j),)}
    solver = ParallelNewton(mode=mode, steps=200)
    with pytest.warns(UserWarning, match="Complex dtype"):
        solution = diffrax.diffeqsolve(term, solver, 0.0, 2.0, dt0=1.0, y0=y0)
    turned = np.exp(1j * (2 + 0.1 * 2**2 / 2))
    np.testing.assert_allclose(solution.ys["z"][-1], turned * y0["z"], rtol=1e-9)
    np.testing.assert_allclose(solution.ys["w"][0][-1], np.exp(-2), rtol=1e-9)


@pytest.mark.parametrize("mode", ["auto", "parallel"])
@pytest.mark.parametrize(
    ("kind", "time_kind"), [(jnp.float32, jnp.float64), (jnp.float64, jnp.float32)]
)
@pytest.mark.parametrize("leaves", ["mixed", "none"])
def test_nothing_relies_on_implicit_promotion(leaves, kind, time_kind, mode):
    """diffrax's own tests run so; states may have empty leaves, or no leaves at all."""
    y0 = {"a": jnp.ones((2, 3), kind), "b": (jnp.ones(0, kind), None)} if leaves == "mixed" else {}
    solver = ParallelNewton(mode=mode, steps=32, costs=DeviceCosts(1e5))
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: jax.tree.map(jnp.negative, y)),
            solver,
            jnp.array(0, time_kind),
            jnp.array(1, time_kind),
            dt0=jnp.array(0.5, time_kind),
            y0=y0,
        )
    if leaves == "mixed":
        assert solution.ys["a"].dtype == jnp.promote_types(kind, time_kind)  # as diffrax does
        np.testing.assert_allclose(solution.ys["a"], np.exp(-1), rtol=1e-5)


@BOTH
def test_time_may_run_backwards(mode):
    term = diffrax.ODETerm(lambda t, y, args: y * jnp.cos(t))
    solver = ParallelNewton(mode=mode, steps=64)
    solution = diffrax.diffeqsolve(term, solver, 3.0, 1.0, dt0=-1.0, y0=jnp.array([1.0]))
    np.testing.assert_allclose(solution.ys[-1], np.exp(np.sin(1) - np.sin(3)), rtol=1e-9)


@pytest.mark.parametrize("mode", ["auto", "parallel", "sequential"])
def test_a_blow_up_gives_diffrax_s_result_and_ends(mode):
    """y' = y^2 leaves every bound at t = 1."""
    solver = ParallelNewton(mode=mode, steps=64, costs=DeviceCosts(1e5))
    problem = Problem(lambda t, y, args: y**2, [1.0], 1 / 256, 512)
    solution = _run(problem, solver, throw=False)
    assert solution.result == diffrax.RESULTS.nonfinite
    assert not np.isfinite(solution.ys).all()
    assert parasim.windows(solution)["window_time"][-1] == pytest.approx(1.25, abs=0.26)


def test_a_window_that_does_not_converge_is_stepped_through_and_says_so():
    problem = CHAOTIC["Lorenz-63"]
    solver = ParallelNewton(mode="parallel", steps=1024, max_iterations=4)
    parallel = _run(problem, solver, steps=2048)
    stepped = _run(problem, ParallelNewton(mode="sequential"), steps=2048)
    windows = parasim.windows(parallel)
    assert windows["fell_back"].all()
    np.testing.assert_array_equal(windows["mode"], 0)
    np.testing.assert_array_equal(windows["update"], 0)
    assert np.all(windows["iterations"] > 0)
    # Rounding errors grow by exp(9) per window, and XLA rounds differently in different programs.
    np.testing.assert_allclose(parallel.ys, stepped.ys, rtol=1e-5)


def test_auto_is_sequential_on_a_cpu_and_says_why():
    windows = parasim.windows(_run(PREDICTABLE["logistic"], ParallelNewton()))
    np.testing.assert_array_equal(windows["mode"], 0)
    assert all("on this device" in reason for reason in windows["reason"])


def test_auto_stays_parallel_where_that_pays():
    solver = ParallelNewton(costs=DeviceCosts(1e5))
    windows = parasim.windows(_run(PREDICTABLE["Lorenz rho=10"], solver))
    np.testing.assert_array_equal(windows["mode"], 1)
    assert "trial" in windows["reason"][0]
    assert "few enough" in windows["reason"][-1]


def test_auto_leaves_parallel_where_it_does_not_pay():
    solver = ParallelNewton(steps=512, costs=DeviceCosts(1e5), max_iterations=6)
    windows = parasim.windows(_run(CHAOTIC["Lorenz-63"], solver))
    assert windows["fell_back"][0]
    assert np.mean(windows["iterations"] > 0) < 0.5


def test_a_batch_equals_its_members():
    solver = ParallelNewton(mode="parallel", steps=128)
    y0 = jnp.array([[1.0, 2.0, 3.0], [-5.0, 0.1, 30.0]])

    def end(y):
        problem = Problem(lorenz(10), y, 0.01, 512)
        return diffrax.diffeqsolve(
            diffrax.ODETerm(problem.vector_field), solver, 0.0, 5.12, dt0=1.28, y0=y, saveat=STATE
        )

    batch = jax.jit(jax.vmap(end))(y0)
    for member in range(2):
        np.testing.assert_allclose(batch.ys[member], end(y0[member]).ys, rtol=1e-9)
        windows = parasim.windows(jax.tree.map(lambda leaf: leaf[member], batch))  # noqa: B023
        assert np.all(windows["mode"] == 1)


def test_a_batch_makes_one_decision():
    """Mapping the choice would make it a select, which runs both branches in every window."""
    evaluations = []

    def counted(t, y, args):
        jax.debug.callback(lambda: evaluations.append(1))
        return lorenz(28)(t, y, args)

    def count(run, y0):
        evaluations.clear()
        jax.block_until_ready(run(y0))
        jax.effects_barrier()
        return len(evaluations)

    # So few iterations are affordable that a lone run steps; a batch must not do more than that.
    solver = ParallelNewton(diffrax.Euler(), steps=16, interval=4, costs=DeviceCosts(20.0))

    def run(y0):
        problem = Problem(counted, y0, 0.01, 16 * 4)
        return _run(problem, solver).ys

    y0 = jnp.array([1.0, 2.0, 20.0])
    assert count(jax.vmap(run), jnp.stack([y0, y0, y0])) <= 3 * count(run, y0)


def test_the_log_keeps_the_most_recent_windows():
    problem = PREDICTABLE["logistic"]
    solver = ParallelNewton(steps=64, log_length=5, mode="sequential")
    windows = parasim.windows(_run(problem, solver, steps=64 * 12))
    np.testing.assert_allclose(
        windows["window_time"], problem.dt * 64 * np.arange(8, 13), rtol=1e-12
    )


def test_windows_of_a_batch_say_how_to_take_a_member():
    problem = PREDICTABLE["logistic"]
    solver = ParallelNewton(steps=16)
    batch = jax.vmap(lambda y: _run(problem._replace(y0=y), solver, steps=32))(jnp.ones((2, 1)))
    with pytest.raises(ConfigError, match="one member"):
        parasim.windows(batch)
    assert len(parasim.windows(jax.tree.map(lambda leaf: leaf[0], batch))["mode"]) == 2


def test_a_device_needs_lanes():
    with pytest.raises(ConfigError, match="positive"):
        DeviceCosts(0.0)


def test_windows_need_the_solver_state():
    solution = _run(PREDICTABLE["logistic"], ParallelNewton(), diffrax.SaveAt(t1=True))
    with pytest.raises(ConfigError, match="solver_state=True"):
        parasim.windows(solution)


@BOTH
def test_the_error_estimate_is_the_largest_of_the_inner_steps(mode):
    term = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[0], -y[1]]))
    solver = ParallelNewton(diffrax.Heun(), steps=16, mode=mode)
    y, t0, t1 = jnp.array([1.0, 3.0]), jnp.array(0.0), jnp.array(0.5)
    state = solver.init(term, t0, t1, y, None)
    _, error, _, _, _ = solver.step(term, t0, t1, y, None, state, made_jump=False)
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
    _, error, _, _, result = solver.step(term, t0, t1, y, None, state, made_jump=False)
    np.testing.assert_array_equal(error, np.inf)
    assert result == diffrax.RESULTS.nonfinite


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


@BOTH
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


@pytest.mark.slow
def test_an_implicit_step_without_a_solution_ends_no_program():
    """lineax would, where it meets NaN: an iterate on the way may be far from any solution."""
    root_finder = optimistix.Newton(rtol=1e-9, atol=1e-9, norm=optimistix.max_norm)
    inner = diffrax.Kvaerno3(root_finder=root_finder)
    problem = Problem(
        lambda t, y, args: jnp.stack([y[1], 100 * (1 - y[0] ** 2) * y[1] - y[0]]),
        [2.0, 0.0],
        0.02,
        1024 * 10,
    )
    saveat = diffrax.SaveAt(ts=jnp.linspace(0, 204.8, 11))
    parallel, stepped = (
        _run(problem, ParallelNewton(inner, mode=mode), saveat)
        for mode in ("parallel", "sequential")
    )
    assert np.isfinite(parallel.ys).all()
    # The jump in the fifth window multiplies differences by 3e7.
    np.testing.assert_allclose(parallel.ys[:5], stepped.ys[:5], rtol=1e-9)
    np.testing.assert_allclose(parallel.ys[5], stepped.ys[5], rtol=1e-2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "paralel"}, "did you mean 'parallel'"),
        ({"costs": 3}, "DeviceCosts"),
        ({"steps": 0}, "positive Python int"),
        ({"steps": 10.0}, "positive Python int"),
        ({"steps": jnp.array(10)}, "positive Python int"),
        ({"interval": -1}, "positive Python int"),
        ({"newton_rtol": 0.0}, "between 0 and 1"),
        ({"newton_atol": float("nan")}, "between 0 and 1"),
        ({"solver": "tsit5"}, "diffrax solver"),
        ({"solver": diffrax.LeapfrogMidpoint()}, "one-step"),
    ],
    ids=str,
)
def test_useless_arguments_are_refused_with_the_remedy(arguments, message):
    with pytest.raises(ConfigError, match=message):
        ParallelNewton(**arguments)


def test_lorenz96_steps_are_those_of_diffrax():
    y0 = jnp.asarray(CHAOTIC["Lorenz-96"].y0)
    term = diffrax.ODETerm(lorenz96)
    ours = diffrax.diffeqsolve(
        term, ParallelNewton(mode="parallel", steps=16), 0.0, 0.8, dt0=0.4, y0=y0
    )
    stock = diffrax.diffeqsolve(term, diffrax.Tsit5(), 0.0, 0.8, dt0=0.025, y0=y0)
    np.testing.assert_allclose(ours.ys, stock.ys, rtol=1e-9)
