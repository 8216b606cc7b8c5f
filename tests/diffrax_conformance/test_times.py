"""Time that runs backwards, and dense output."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.diffrax_conformance.runs import four
from tests.diffrax_conformance.solvers import CASES, each

SAVES = {
    "t0": diffrax.SaveAt(t0=True),
    "t1": diffrax.SaveAt(t1=True),
    "ts": diffrax.SaveAt(ts=[3.5, 0.7]),
    "steps": diffrax.SaveAt(steps=True),
    "every second step": diffrax.SaveAt(steps=2),
    "dense": diffrax.SaveAt(dense=True),
}


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("inner", "dt0", "saves"),
    [
        pytest.param(diffrax.Tsit5, -0.3, "ts", marks=SLOW),
        pytest.param(diffrax.Tsit5, -0.3, "steps", marks=SLOW),
        pytest.param(diffrax.Tsit5, None, "dense", marks=SLOW),
        pytest.param(diffrax.Tsit5, None, "every second step", marks=SLOW),
        pytest.param(diffrax.Euler, -0.3, "t0", marks=SLOW),
        pytest.param(diffrax.Euler, -0.3, "t1", marks=SLOW),
        pytest.param(diffrax.Euler, -0.3, "dense", marks=SLOW),
    ],
)
def test_backward_time_mirrors_forward_time(inner, dt0, saves):
    """With a window that does not divide the interval."""
    adaptive = diffrax.PIDController(rtol=1e-3, atol=1e-6)
    controller = adaptive if dt0 is None else diffrax.ConstantStepSize()
    y0 = jnp.array([[1.0, -2.0], [0.5, 3.0]])

    def run(sign):
        saveat = SAVES[saves]
        if saves == "ts" and sign > 0:
            saveat = diffrax.SaveAt(ts=[-3.5, -0.7])
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: sign * y * (1 + 0.1 * t**2)),
            four(inner()),
            -sign * 4,
            -sign * 0.3,
            None if dt0 is None else -sign * dt0,
            y0,
            stepsize_controller=controller,
            saveat=saveat,
            max_steps=64,
        )

    backward, forward = run(-1), run(1)
    assert (backward.t0, backward.t1) == (4, 0.3)
    if saves != "dense":
        saved = np.isfinite(forward.ts)
        np.testing.assert_array_equal(saved, np.isfinite(backward.ts))
        np.testing.assert_allclose(backward.ts[saved], -forward.ts[saved], rtol=1e-12)
        np.testing.assert_allclose(backward.ys[saved], forward.ys[saved], rtol=1e-9)
        return
    ts = jnp.linspace(0.3, 4, 20)
    evaluated = jax.vmap(backward.evaluate)(ts), jax.vmap(forward.evaluate)(-ts)
    np.testing.assert_allclose(*evaluated, rtol=1e-9)
    slopes = jax.vmap(backward.derivative)(ts), jax.vmap(forward.derivative)(-ts)
    np.testing.assert_allclose(slopes[0], -slopes[1], rtol=1e-9)


DENSE = ("Euler", "Heun", "Bosh3", "Tsit5", "Dopri5", "Dopri8", "ImplicitEuler", "Kvaerno3")
DENSE += ("Kvaerno4", "Kvaerno5", "HalfSolver", "Midpoint", "Ralston")


@each(DENSE, fast=("Heun",))
def test_dense_output_and_its_slope_decay_and_start_at_the_start(name):
    order = CASES[name].solver.order(None)
    windows = 2500 if order == 1 else 250

    @jax.jit
    def solve(y0):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y),
            four(CASES[name].solver),
            0.0,
            1.0,
            1 / windows,
            y0,
            saveat=diffrax.SaveAt(dense=True),
            max_steps=windows,
        )

    y0 = jnp.array(1.7)
    solution = solve(y0)
    ts = jnp.linspace(0, 1, 1000)
    values = jax.vmap(solution.evaluate)(ts)
    assert values[0] == y0
    exact = 1.7 * np.exp(-ts)
    np.testing.assert_allclose(values, exact, atol=1e-3)
    np.testing.assert_allclose(jax.vmap(solution.derivative)(ts), -exact, atol=3e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Euler", "Tsit5"])
def test_dense_output_may_be_batched(name):
    @jax.vmap
    def solve(y0, rate):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -args * y),
            four(CASES[name].solver),
            0.0,
            1.0,
            1 / 256,
            y0,
            args=rate,
            saveat=diffrax.SaveAt(dense=True),
            max_steps=256,
        )

    y0, rates = jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 0.5, 2.0])
    solutions = solve(y0, rates)
    ts = jnp.linspace(0, 1, 100)
    values = jax.vmap(lambda sol: jax.vmap(sol.evaluate)(ts))(solutions)
    np.testing.assert_array_equal(values[:, 0], y0)
    np.testing.assert_allclose(values, y0[:, None] * np.exp(-rates[:, None] * ts[None]), atol=2e-3)
