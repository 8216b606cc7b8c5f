import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

import parasim
from parasim import ConfigError, ParallelNewton
from tests.problems import (
    CHAOTIC,
    PARALLEL_PAYS,
    PREDICTABLE,
    STATE,
    Problem,
    lorenz,
    lorenz96,
    run,
)

BOTH = pytest.mark.parametrize("mode", ["parallel", "sequential"])


FAST = ()


@pytest.mark.parametrize(
    "name",
    [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in PREDICTABLE],
)
def test_predictable_windows_take_at_most_three_iterations(name):
    problem = PREDICTABLE[name]
    parallel = run(problem, ParallelNewton(mode="parallel"))
    stepped = run(problem, ParallelNewton(mode="sequential"))
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
    ours = run(problem, ParallelNewton(steps=250, mode=mode), diffrax.SaveAt(ts=ts), steps=1000)
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


@pytest.mark.parametrize(
    ("name", "windows_in_all"),
    [
        pytest.param("Lorenz-63", 8, marks=pytest.mark.slow),
        pytest.param("Lorenz-96", 44, marks=pytest.mark.slow),
        pytest.param("Lorenz-63", 44, marks=pytest.mark.slow),
        pytest.param("Lorenz-96", 8, marks=pytest.mark.slow),
    ],
)
def test_chaotic_windows_shadow_the_stepped_ones(name, windows_in_all):
    """50 Lyapunov times: every window is stepped again from where the last one ended."""
    problem = CHAOTIC[name]
    steps = problem.steps // windows_in_all
    edges = jnp.linspace(0, steps * windows_in_all * problem.dt, windows_in_all + 1)
    saveat = diffrax.SaveAt(ts=edges, solver_state=True)
    solver = ParallelNewton(mode="parallel", steps=steps)
    parallel = run(problem, solver, saveat, steps=steps * windows_in_all)
    windows = parasim.windows(parallel)
    assert len(windows["mode"]) == windows_in_all
    one_window = Problem(problem.vector_field, None, problem.dt, steps)
    stepper = ParallelNewton(mode="sequential", steps=steps)
    stepped = jax.vmap(lambda y: run(one_window._replace(y0=y), stepper).ys[-1])(parallel.ys[:-1])
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
    [
        pytest.param(diffrax.Euler, 1, marks=pytest.mark.slow),
        (diffrax.Heun, 2),
        pytest.param(diffrax.Bosh3, 3, marks=pytest.mark.slow),
        (diffrax.Tsit5, 5),
    ],
)
def test_the_inner_solvers_order_survives(inner, order, mode):
    """The harmonic oscillator turns its state around a circle."""

    @jax.jit
    def end(window):
        term = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[1], -y[0]]))
        solver = ParallelNewton(inner(), steps=12, mode=mode)
        return diffrax.diffeqsolve(term, solver, 0.0, 2.0, window, jnp.array([1.0, 0.0])).ys[-1]

    def error(window):
        return np.linalg.norm(end(window) - jnp.array([np.cos(2.0), -np.sin(2.0)]))

    assert np.log2(error(1.0) / error(0.5)) == pytest.approx(order, abs=0.3)


@BOTH
@pytest.mark.parametrize("dtype", [jnp.float32, pytest.param(jnp.float64, marks=pytest.mark.slow)])
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


@pytest.mark.slow
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


@pytest.mark.parametrize("mode", ["auto", pytest.param("parallel", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("kind", "time_kind"), [(jnp.float32, jnp.float64), (jnp.float64, jnp.float32)]
)
@pytest.mark.parametrize("leaves", [pytest.param("mixed", marks=pytest.mark.slow), "none"])
def test_nothing_relies_on_implicit_promotion(leaves, kind, time_kind, mode):
    """diffrax's own tests run so; states may have empty leaves, or no leaves at all."""
    y0 = {"a": jnp.ones((2, 3), kind), "b": (jnp.ones(0, kind), None)} if leaves == "mixed" else {}
    solver = ParallelNewton(mode=mode, steps=32, costs=PARALLEL_PAYS)
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


@pytest.mark.slow
@BOTH
def test_time_may_run_backwards(mode):
    term = diffrax.ODETerm(lambda t, y, args: y * jnp.cos(t))
    solver = ParallelNewton(mode=mode, steps=64)
    solution = diffrax.diffeqsolve(term, solver, 3.0, 1.0, dt0=-1.0, y0=jnp.array([1.0]))
    np.testing.assert_allclose(solution.ys[-1], np.exp(np.sin(1) - np.sin(3)), rtol=1e-9)


@pytest.mark.parametrize(
    "mode", [pytest.param("auto", marks=pytest.mark.slow), "parallel", "sequential"]
)
def test_a_blow_up_gives_diffrax_s_result_and_ends(mode):
    """y' = y^2 leaves every bound at t = 1."""
    solver = ParallelNewton(mode=mode, steps=64, costs=PARALLEL_PAYS)
    problem = Problem(lambda t, y, args: y**2, [1.0], 1 / 256, 512)
    solution = run(problem, solver, throw=False)
    assert solution.result == diffrax.RESULTS.nonfinite
    assert not np.isfinite(solution.ys).all()
    assert parasim.windows(solution)["window_time"][-1] == pytest.approx(1.25, abs=0.26)


@pytest.mark.slow
def test_the_rest_of_a_window_that_is_given_up_is_stepped_through_and_it_says_so():
    problem = CHAOTIC["Lorenz-63"]
    solver = ParallelNewton(mode="parallel", steps=1024, max_iterations=4)
    parallel = run(problem, solver, steps=2048)
    stepped = run(problem, ParallelNewton(mode="sequential"), steps=2048)
    windows = parasim.windows(parallel)
    assert windows["fell_back"].all()
    np.testing.assert_array_equal(windows["mode"], 0)
    assert np.all(windows["update"] <= 1)
    np.testing.assert_array_equal(windows["iterations"], 2 * 4)
    assert np.all((windows["parallel_steps"] > 0) & (windows["parallel_steps"] < 1024))
    # Rounding errors grow by exp(9) per window, and XLA rounds differently in different programs.
    np.testing.assert_allclose(parallel.ys, stepped.ys, rtol=1e-5)


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
        run(problem, ParallelNewton(inner, mode=mode), saveat)
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
        ({"method": 3}, r"method must be a parasim.Method"),
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


@pytest.mark.slow
def test_lorenz96_steps_are_those_of_diffrax():
    y0 = jnp.asarray(CHAOTIC["Lorenz-96"].y0)
    term = diffrax.ODETerm(lorenz96)
    ours = diffrax.diffeqsolve(
        term, ParallelNewton(mode="parallel", steps=16), 0.0, 0.8, dt0=0.4, y0=y0
    )
    stock = diffrax.diffeqsolve(term, diffrax.Tsit5(), 0.0, 0.8, dt0=0.025, y0=y0)
    np.testing.assert_allclose(ours.ys, stock.ys, rtol=1e-9)


@pytest.mark.slow
def test_a_gradient_does_not_depend_on_how_three_slopes_are_put_together():
    """Under `vmap` jax puts the batch's axis last in `jnp.stack`, and first elsewhere."""

    def gradient(together):
        def field(t, y, args):
            return together([y[1], -y[0] - y[2], y[0] * y[2]])

        def end(y0):
            solver = ParallelNewton(diffrax.Heun(), steps=16, mode="sequential")
            return jnp.sum(
                diffrax.diffeqsolve(diffrax.ODETerm(field), solver, 0.0, 1.0, 1.0, y0).ys
            )

        return jax.jit(jax.grad(end))(jnp.arange(3.0))

    np.testing.assert_allclose(gradient(jnp.stack), gradient(jnp.array), rtol=1e-12)
