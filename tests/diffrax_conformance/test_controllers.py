from itertools import pairwise

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.diffrax_conformance.runs import four
from tests.problems import PREDICTABLE, Problem

LOOSE = diffrax.PIDController(rtol=1e-4, atol=1e-6)
STEPS = diffrax.SaveAt(steps=True)


def _solve(field, controller, t0=0.0, t1=5.0, y0=1.0, solver=None, **options):
    return diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        four(diffrax.Dopri5()) if solver is None else solver,
        t0,
        t1,
        y0=y0,
        stepsize_controller=controller,
        **({"dt0": None, "saveat": STEPS, "max_steps": 512} | options),
    )


def _pushed(t, y, args):
    """Decay towards 1, then from t = 2.5 towards -1."""
    return -y + jnp.where(t < 2.5, 1.0, -1.0)


@pytest.mark.slow
@pytest.mark.parametrize("times", [(0.0, 5.0), (5.0, 0.0)])
def test_windows_end_where_they_are_told_to(times):
    controller = diffrax.ClipStepSizeController(LOOSE, step_ts=[3, 4])
    solution = _solve(lambda t, y, args: -0.2 * y, controller, *times)
    assert {3.0, 4.0} <= set(np.asarray(solution.ts))


@pytest.mark.slow
@pytest.mark.parametrize("times", [(0.0, 5.0), (5.0, 0.0)])
def test_no_window_lies_across_a_jump(times):
    """Else the order would suffer."""
    clipped = diffrax.ClipStepSizeController(LOOSE, jump_ts=[2.5])
    with_jump = _solve(_pushed, clipped, *times, y0=0.0)
    ts = np.asarray(with_jump.ts)
    assert np.any(np.abs(ts - 2.5) < 1e-12)
    forwards = 1 - np.exp(-2.5) + 1  # above -1, just before the jump
    end = -1 + forwards * np.exp(-2.5)
    if times[0] > 0:
        end = 1 + (-1 + np.exp(2.5) - 1) * np.exp(2.5)
    last = with_jump.ys[int(with_jump.stats["num_accepted_steps"]) - 1]
    np.testing.assert_allclose(last, end, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("jump", [0.0, 5.0])
def test_jumps_may_be_at_the_ends(jump):
    controller = diffrax.ClipStepSizeController(LOOSE, jump_ts=[jump, 2.5])
    solution = _solve(_pushed, controller, saveat=diffrax.SaveAt(t1=True), y0=0.0)
    np.testing.assert_allclose(solution.ys[-1], -1 + (2 - np.exp(-2.5)) * np.exp(-2.5), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("times", [(0.0, 2.0), (2.0, 0.0)])
def test_rejected_windows_are_visited_again(times):
    """On one path of Brownian motion, which a controller must not be able to choose."""
    rejected = []

    def note(keep, t1):
        if not keep:
            rejected.append(float(t1))

    pid = diffrax.PIDController(rtol=0, atol=1e-3, dtmin=2**-9, pcoeff=0.5, icoeff=0.8)
    controller = diffrax.ClipStepSizeController(
        pid, step_ts=[1.25], store_rejected_steps=10, _callback_on_reject=note
    )
    path = diffrax.VirtualBrownianTree(0.0, 2.0, 2**-12, (), jax.random.key(0))
    terms = diffrax.MultiTerm(
        diffrax.ODETerm(lambda t, y, args: -0.2 * y),
        diffrax.ControlTerm(lambda t, y, args: 1 + 0 * y, path),
    )
    solution = diffrax.diffeqsolve(
        terms,
        four(diffrax.Heun()),
        *times,
        0.5 * np.sign(times[1] - times[0]),
        jnp.array(1.0),
        stepsize_controller=controller,
        saveat=STEPS,
        max_steps=2048,
    )
    ts = np.asarray(solution.ts)
    assert len(rejected) > 5
    assert set(np.abs(rejected)) <= set(ts)
    assert 1.25 in ts


def _impulse(mode, time):
    """Return the integral over [0, 1] of y' = -y + (1 from `time` on), y(0) = 1."""

    def field(t, y, args):
        return -y[0] + jnp.where(t < time, 0.0, 1.0), y[0]

    tight = diffrax.PIDController(rtol=1e-8, atol=1e-8)
    controller = diffrax.ClipStepSizeController(tight, step_ts=time[None])
    solver = four(diffrax.Tsit5(), mode)
    saveat = diffrax.SaveAt(t1=True)
    return _solve(field, controller, 0.0, 1.0, (1.0, 0.0), solver, saveat=saveat).ys[1][0]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_the_time_of_a_jump_has_a_gradient(mode):
    slope = jax.grad(lambda time: _impulse(mode, time))(jnp.array(0.5))
    np.testing.assert_allclose(slope, -(1 - np.exp(-0.5)), rtol=1e-6)


@pytest.mark.slow
def test_an_implicit_solver_takes_its_tolerance_from_any_controller():
    controller = diffrax.ClipStepSizeController(LOOSE, jump_ts=[2.5])
    solver = four(diffrax.Kvaerno3())
    solution = _solve(
        lambda t, y, args: -y, controller, solver=solver, saveat=diffrax.SaveAt(t1=True)
    )
    np.testing.assert_allclose(solution.ys[-1], np.exp(-5), atol=1e-4)


@pytest.mark.slow
def test_steps_to_given_times_are_the_inner_solvers():
    """The inner nodes divide each window equally."""
    edges = jnp.array([0.0, 0.3, 0.5, 1.1, 2.0])
    inner = [jnp.linspace(a, b, 5)[:-1] for a, b in pairwise(edges)]
    fine = jnp.concatenate([*inner, edges[-1:]])

    def field(t, y, args):
        return -y * jnp.sin(t + y)

    ours = _solve(field, diffrax.StepTo(edges), 0.0, 2.0, saveat=diffrax.SaveAt(ts=edges))
    stock = _solve(
        field,
        diffrax.StepTo(fine),
        0.0,
        2.0,
        solver=diffrax.Dopri5(),
        saveat=diffrax.SaveAt(ts=edges),
    )
    np.testing.assert_allclose(ours.ys, stock.ys, rtol=1e-9)


MORE = {
    "decay": Problem(lambda t, y, args: -y, [1.0], 0.01, 200),
    "oscillator": Problem(lambda t, y, args: jnp.stack([y[1], -y[0]]), [1.0, 0.0], 0.05, 200),
    "Riccati": Problem(lambda t, y, args: y * jnp.cos(t) - y**3 / 10, [1.0], 0.05, 200),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PREDICTABLE, *MORE])
def test_tolerances_mean_what_they_mean_for_the_inner_solver(name):
    """The true error is about as large as that of the inner solver with the same tolerances."""
    problem = (PREDICTABLE | MORE)[name]
    y0, t1 = jnp.asarray(problem.y0, float), min(20.0, problem.dt * problem.steps)

    def end(solver, tolerance):
        controller = diffrax.PIDController(rtol=tolerance, atol=tolerance)
        saveat = diffrax.SaveAt(ts=jnp.linspace(0, t1, 11))
        options = {"dt0": 0.01, "saveat": saveat, "max_steps": 100_000}
        return _solve(problem.vector_field, controller, 0.0, t1, y0, solver, **options).ys

    exact = end(diffrax.Dopri8(), 1e-12)
    stock, ours = (
        np.max(np.abs(end(solver, 1e-6) - exact))
        for solver in (diffrax.Tsit5(), four(diffrax.Tsit5()))
    )
    assert 1e-10 < ours < 3 * stock


@pytest.mark.slow
def test_a_robertson_reaction_is_as_stiff_as_it_gets():
    """The reference is that of Hairer & Wanner, Solving ODEs II, at t = 40."""

    def field(t, y, args):
        slow, fast, back = 0.04 * y[0], 3e7 * y[1] ** 2, 1e4 * y[1] * y[2]
        return jnp.stack([back - slow, slow - back - fast, fast])

    controller = diffrax.PIDController(rtol=1e-8, atol=1e-8, pcoeff=0.3, icoeff=0.4)
    end = [0.7158270688, 0.9185534765e-5, 0.2841637457]
    for inner in (diffrax.Kvaerno3(), diffrax.Kvaerno5()):
        y0 = jnp.array([1.0, 0.0, 0.0])
        options = {"dt0": 1e-4, "saveat": diffrax.SaveAt(t1=True), "max_steps": 4096}
        solution = _solve(field, controller, 0.0, 40.0, y0, four(inner), **options)
        np.testing.assert_allclose(solution.ys[-1], end, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("solver", "controller", "kind", "message"),
    [
        (diffrax.Kvaerno3(), diffrax.ConstantStepSize(), ValueError, "tolerances for the implicit"),
        (diffrax.SemiImplicitEuler(), diffrax.ConstantStepSize(), ValueError, "terms"),
        (diffrax.Euler(), LOOSE, RuntimeError, "error estimate"),
    ],
)
def test_what_cannot_be_is_refused_as_diffrax_does(solver, controller, kind, message):
    for candidate in (solver, four(solver)):
        with pytest.raises(kind, match=message):
            _solve(lambda t, y, args: -y, controller, solver=candidate, dt0=0.1)
