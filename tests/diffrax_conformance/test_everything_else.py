"""Batches, runs without jit, progress meters."""

import re
from itertools import groupby

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.diffrax_conformance.runs import four

# One object, so that what is compiled for it once is compiled.
DECAY = diffrax.ODETerm(lambda t, y, args: jax.tree.map(lambda leaf: -leaf, y))


def _decay(y0, saveat=None, solver=None, controller=None, **options):
    return diffrax.diffeqsolve(
        DECAY,
        four(diffrax.Tsit5()) if solver is None else solver,
        0.0,
        1.0,
        0.125,
        y0,
        saveat=diffrax.SaveAt(t1=True) if saveat is None else saveat,
        stepsize_controller=diffrax.ConstantStepSize() if controller is None else controller,
        max_steps=64,
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("saveat", "controller"),
    [
        (diffrax.SaveAt(t0=True, t1=True), None),
        (diffrax.SaveAt(ts=[0.0, 0.3, 1.0]), None),
        (diffrax.SaveAt(steps=True), diffrax.PIDController(rtol=1e-6, atol=1e-6)),
    ],
    ids=["ends", "ts", "adaptive steps"],
)
def test_a_batch_of_starts_is_a_batch_of_solutions(saveat, controller):
    """Members of an adaptive batch have steps of their own."""
    y0 = jnp.array([[1.0, 2.0], [-1e3, 0.3], [1e-3, 0.0]])
    batch = jax.vmap(lambda y: _decay(y, saveat, controller=controller))(y0)
    for member in range(3):
        alone = _decay(y0[member], saveat, controller=controller)
        assert batch.stats["num_steps"][member] == alone.stats["num_steps"]
        np.testing.assert_allclose(batch.ts[member], alone.ts, rtol=1e-6)
        np.testing.assert_allclose(batch.ys[member], alone.ys, rtol=1e-6, atol=1e-12)


@pytest.mark.slow
def test_an_implicit_solver_runs_without_jit():
    controller = diffrax.PIDController(rtol=1e-5, atol=1e-5)
    solver = four(diffrax.ImplicitEuler(), "sequential")
    with jax.disable_jit():
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: jnp.zeros_like(y)),
            solver,
            0.0,
            1e-2,
            1e-2,
            jnp.zeros(1),
            stepsize_controller=controller,
        )
    np.testing.assert_array_equal(solution.ys, 0)


@pytest.mark.slow
def test_windows_are_solved_in_parallel_without_jit():
    with jax.disable_jit():
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y),
            four(diffrax.Heun()),
            0.0,
            0.5,
            0.5,
            jnp.ones(1),
            max_steps=2,
        )
    np.testing.assert_allclose(solution.ys[-1], np.exp(-0.5), rtol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("batched", [False, True])
def test_progress_is_told_once_per_window(batched, capfd):
    """8 windows, whatever happens inside."""

    def solve(y0):
        meter = diffrax.TextProgressMeter(minimum_increase=0.01)
        return _decay(y0, progress_meter=meter).ys

    jax.block_until_ready(jax.vmap(solve)(jnp.ones(3)) if batched else solve(jnp.array(1.0)))
    jax.effects_barrier()
    assert capfd.readouterr().out.split() == [f"{100 * n / 8:.2f}%" for n in range(9)]


@pytest.mark.slow
def test_progress_is_told_during_gradients_too(capfd):
    def solve(y0):
        meter = diffrax.TextProgressMeter(minimum_increase=0.01)
        return _decay(y0, progress_meter=meter).ys[-1]

    jax.block_until_ready(jax.jit(jax.grad(solve))(jnp.array(1.0)))
    jax.effects_barrier()
    assert capfd.readouterr().out.split() == [f"{100 * n / 8:.2f}%" for n in range(9)]


@pytest.mark.slow
def test_tqdm_is_told_of_windows(capfd):
    """diffrax lets it draw at the first of `refresh_steps` steps, which are windows here."""

    def solve(y0):
        return _decay(y0, progress_meter=diffrax.TqdmProgressMeter(refresh_steps=2)).ys

    jax.block_until_ready(solve(jnp.array(1.0)))
    jax.effects_barrier()
    drawn = re.findall(r"(\d+\.\d+)%\|", capfd.readouterr().err)
    assert [place for place, _ in groupby(drawn)] == [
        "0.00",
        "12.50",
        "37.50",
        "62.50",
        "87.50",
        "100.00",
    ]
