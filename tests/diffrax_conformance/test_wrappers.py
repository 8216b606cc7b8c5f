"""`HalfSolver` inside and outside."""

import contextlib

import diffrax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton
from tests.diffrax_conformance.runs import WINDOWS, assert_close, four, run
from tests.diffrax_conformance.solvers import CASES, STEPS, each

NAMES = ("Euler", "Tsit5", "Kvaerno3", "KenCarp3", "SemiImplicitEuler", "EulerHeun with noise")
NAMES += ("SPaRK with noise", "ALIGN")
FAST = ()


def _expected_warning(name):
    """diffrax looks for the sense of a stochastic integral in one wrapper only."""
    if "noise" in name or name == "ALIGN":
        return pytest.warns(UserWarning, match="not marked as converging")
    return contextlib.nullcontext()


@each([name for name in NAMES if not name.startswith("K")], fast=FAST)
def test_half_solvers_may_be_inside(name):
    """But not around implicit solvers, with which diffrax's `HalfSolver` cannot work alone."""
    case = CASES[name]._replace(solver=diffrax.HalfSolver(CASES[name].solver))
    stock = run(case, None)
    with _expected_warning(name):
        ours = run(case, "parallel")
    assert_close(ours.ys, stock.ys)


@each(NAMES, fast=FAST)
def test_half_solvers_may_be_outside(name):
    """Each of their halves is a window: so the inner steps are half as long."""
    case = CASES[name]
    solver = ParallelNewton(case.solver, steps=STEPS // WINDOWS, mode="parallel")
    halved = case._replace(solver=diffrax.HalfSolver(solver))
    with _expected_warning(name):
        ours = run(halved, None, dt0=1 / WINDOWS)
    stock = run(case, None, dt0=1 / (2 * STEPS), max_steps=2 * STEPS)
    assert_close(ours.ys, stock.ys)


@pytest.mark.slow
@pytest.mark.parametrize("inside", [True, False])
def test_half_solvers_estimate_errors_for_a_controller(inside):
    half, euler = diffrax.HalfSolver, diffrax.Euler()
    solver = four(half(euler)) if inside else half(four(euler))
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: jnp.stack([y[1], -y[0]])),
        solver,
        0.0,
        2.0,
        dt0=0.1,
        y0=jnp.array([1.0, 0.0]),
        stepsize_controller=diffrax.PIDController(rtol=1e-5, atol=1e-5),
    )
    np.testing.assert_allclose(solution.ys[-1], [np.cos(2), -np.sin(2)], atol=1e-2)
    assert solution.stats["num_rejected_steps"] > 0
