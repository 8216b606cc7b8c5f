import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton
from tests.diffrax_conformance.runs import four
from tests.problems import PARALLEL_PAYS

T0, T1, Y0 = 0.1, 1.1, jnp.array([2.1])
TIGHT = diffrax.PIDController(rtol=1e-8, atol=1e-8)


def _solve(saveat, t0=T0, t1=T1, y0=Y0, solver=None, **options):
    settings = {"dt0": None, "stepsize_controller": TIGHT, "max_steps": 64} | options
    return diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: -0.5 * y),
        four(diffrax.Dopri5()) if solver is None else solver,
        t0,
        t1,
        y0=y0,
        saveat=saveat,
        **settings,
    )


def _exact(ts):
    return 2.1 * np.exp(-0.5 * (np.asarray(ts) - T0))[:, None]


@pytest.mark.slow
def test_the_start_can_be_saved():
    solution = _solve(diffrax.SaveAt(t0=True))
    assert (solution.t0, solution.t1) == (T0, T1)
    np.testing.assert_array_equal(solution.ts, [T0])
    np.testing.assert_array_equal(solution.ys, Y0[None])
    assert solution.solver_state is solution.controller_state is None
    assert solution.result == diffrax.RESULTS.successful
    assert solution.stats["num_steps"] > 0
    with pytest.raises(ValueError, match="dense"):
        solution.evaluate(0.2, 0.8)


@pytest.mark.slow
@pytest.mark.parametrize(("solver_state", "controller_state"), [(True, False), (False, True)])
def test_states_are_saved_where_they_are_asked_for(solver_state, controller_state):
    saveat = diffrax.SaveAt(t1=True, solver_state=solver_state, controller_state=controller_state)
    solution = _solve(saveat)
    np.testing.assert_allclose(solution.ys, _exact([T1]), rtol=1e-7)
    assert (solution.solver_state is not None) == solver_state
    assert (solution.controller_state is not None) == controller_state


def test_times_inside_are_interpolated():
    ts = [0.1, 0.5, 0.8, 1.1]
    solution = _solve(diffrax.SaveAt(ts=ts))
    np.testing.assert_array_equal(solution.ts, ts)
    np.testing.assert_allclose(solution.ys, _exact(ts), rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("time", [0.0, 3.0])
def test_times_outside_are_refused(time):
    with pytest.raises(RuntimeError, match="between t0 and t1"):
        _solve(diffrax.SaveAt(ts=[time]))


@pytest.mark.slow
def test_all_windows_can_be_saved():
    solution = _solve(diffrax.SaveAt(steps=True))
    count = int(solution.stats["num_accepted_steps"])
    assert solution.ts.shape == (64,)
    np.testing.assert_allclose(solution.ys[:count], _exact(solution.ts[:count]), rtol=1e-7)
    np.testing.assert_array_equal(solution.ys[count:], np.inf)


@pytest.mark.slow
def test_increments_of_dense_output_are_differences():
    solution = _solve(diffrax.SaveAt(dense=True))
    assert solution.ts is solution.ys is None
    evaluate = solution.evaluate
    np.testing.assert_allclose(evaluate(0.2, 0.8), evaluate(0.8) - evaluate(0.2), rtol=1e-12)
    np.testing.assert_allclose(evaluate(0.8)[None], _exact([0.8]), rtol=1e-7)
    np.testing.assert_allclose(solution.derivative(0.2)[None], -0.5 * _exact([0.2]), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_nothing_happens_in_no_time(dtype):
    ts, y0 = jnp.full(3, 1.0, dtype), jnp.array([2.0], dtype)
    options = {"t0": ts[0], "t1": ts[-1], "y0": y0, "dt0": jnp.array(0.1, dtype)}
    options["stepsize_controller"] = diffrax.ConstantStepSize()
    plain = _solve(diffrax.SaveAt(t0=True, t1=True, ts=ts), **options)
    np.testing.assert_array_equal(plain.ys, np.full((5, 1), 2.0))
    first = diffrax.SubSaveAt(ts=ts, t1=True)
    second = diffrax.SubSaveAt(t0=True, ts=ts, steps=True)
    in_parts = _solve(diffrax.SaveAt(subs=(first, second)), **options)
    np.testing.assert_array_equal(in_parts.ys[0], np.full((4, 1), 2.0))
    np.testing.assert_array_equal(in_parts.ys[1][:4], np.full((4, 1), 2.0))
    np.testing.assert_array_equal(in_parts.ys[1][4:], np.inf)


@pytest.mark.slow
def test_no_time_may_be_a_member_of_a_batch():
    def solve(t1):
        saveat = diffrax.SaveAt(t0=True, ts=jnp.linspace(0, t1, 4))
        controller = diffrax.ConstantStepSize()
        return _solve(saveat, jnp.array(0.0), t1, dt0=0.125, stepsize_controller=controller).ys

    ys = jax.vmap(solve)(jnp.array([0.0, 1.0]))
    np.testing.assert_array_equal(ys[0], np.full((5, 1), 2.1))
    np.testing.assert_allclose(ys[1], solve(jnp.array(1.0)), rtol=1e-9)


@pytest.mark.slow
def test_dense_output_of_no_time_is_the_start():
    solution = _solve(diffrax.SaveAt(dense=True), 2.0, 2.0)
    np.testing.assert_array_equal(solution.evaluate(2.0), Y0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "adjoint",
    [
        diffrax.RecursiveCheckpointAdjoint(),
        diffrax.DirectAdjoint(),
        diffrax.ImplicitAdjoint(),
        diffrax.BacksolveAdjoint(),
    ],
    ids=lambda adjoint: type(adjoint).__name__,
)
def test_parts_have_times_and_functions_of_their_own(adjoint):
    """Or are refused as diffrax refuses them."""
    parts = (
        diffrax.SubSaveAt(steps=True, fn=lambda t, y, args: y[0]),
        diffrax.SubSaveAt(ts=jnp.linspace(0.1, 1.1, 5), t1=True, fn=lambda t, y, args: y**2),
    )
    options = {"saveat": diffrax.SaveAt(subs=parts), "adjoint": adjoint}
    if isinstance(adjoint, diffrax.ImplicitAdjoint | diffrax.BacksolveAdjoint):
        kind = ValueError if isinstance(adjoint, diffrax.ImplicitAdjoint) else NotImplementedError
        with pytest.raises(kind):
            _solve(**options)
        return
    solution = _solve(**options)
    count = int(solution.stats["num_accepted_steps"])
    every, some = solution.ys
    np.testing.assert_allclose(every[:count, None], _exact(solution.ts[0][:count]), rtol=1e-7)
    np.testing.assert_allclose(some, _exact(solution.ts[1]) ** 2, rtol=1e-7)


@pytest.mark.parametrize(
    "mode", [pytest.param(m, marks=pytest.mark.slow) for m in ("auto", "parallel", "sequential")]
)
def test_a_run_goes_on_from_its_saved_state_bit_for_bit(mode):
    """As if it had not been interrupted: the trajectory, the choices, and the log of them."""
    solver = ParallelNewton(diffrax.Heun(), steps=32, mode=mode, costs=PARALLEL_PAYS)
    saveat = diffrax.SaveAt(t1=True, solver_state=True, controller_state=True, made_jump=True)

    def solve(t0, t1, y0, **states):
        field = diffrax.ODETerm(lambda t, y, args: jnp.stack([y[1], -jnp.sin(y[0])]))
        t0, t1 = jnp.asarray(t0), jnp.asarray(t1)  # so that all times are one program
        return diffrax.diffeqsolve(field, solver, t0, t1, 0.5, y0, saveat=saveat, **states)

    y0 = jnp.array([1.0, 0.0])
    whole, first = solve(0.0, 4.0, y0), solve(0.0, 2.0, y0)
    second = solve(
        2.0,
        4.0,
        first.ys[-1],
        solver_state=first.solver_state,
        controller_state=first.controller_state,
        made_jump=first.made_jump,
    )
    np.testing.assert_array_equal(second.ys, whole.ys)
    jax.tree.map(np.testing.assert_array_equal, second.solver_state, whole.solver_state)
    assert whole.made_jump is False
