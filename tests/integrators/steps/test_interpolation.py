import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton

TERM = diffrax.ODETerm(lambda t, y, args: (y[1], -y[0] + jnp.cos(t)))
Y0 = (jnp.array([1.0]), jnp.array([0.5]))


def _solved(solver, dt0, **saveat):
    return diffrax.diffeqsolve(
        TERM, solver, 0.0, 4.0, dt0=dt0, y0=Y0, saveat=diffrax.SaveAt(**saveat), max_steps=64
    )


@pytest.mark.parametrize("mode", [pytest.param("parallel", marks=pytest.mark.slow), "sequential"])
@pytest.mark.parametrize(
    "inner",
    [
        diffrax.Tsit5(),
        *(pytest.param(s, marks=pytest.mark.slow) for s in (diffrax.Heun(), diffrax.Euler())),
    ],
)
def test_dense_output_is_the_inner_solvers_at_the_inner_step(inner, mode):
    ts = jnp.linspace(0, 4, 29)
    stock = _solved(inner, 1 / 16, dense=True, ts=ts)
    windowed = _solved(ParallelNewton(inner, steps=16, mode=mode), 1.0, dense=True, ts=ts)
    for ours, theirs in zip(
        jax.tree.leaves((windowed.ys, jax.vmap(windowed.evaluate)(ts))),
        jax.tree.leaves((stock.ys, jax.vmap(stock.evaluate)(ts))),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.slow
def test_differences_and_derivatives_of_dense_output():
    solver = ParallelNewton(steps=32)
    windowed = _solved(solver, 2.0, dense=True)
    details = jax.tree.map(lambda leaf: leaf[0], windowed.interpolation.infos)
    local = solver.interpolation_cls(t0=0.0, t1=2.0, **details)
    for change, end, start in zip(
        local.evaluate(0.3, 1.9), windowed.evaluate(1.9), windowed.evaluate(0.3), strict=True
    ):
        np.testing.assert_allclose(change, end - start)
    position, velocity = windowed.evaluate(1.7)
    slopes = windowed.derivative(1.7)
    np.testing.assert_allclose(slopes[0], velocity, atol=1e-5)
    np.testing.assert_allclose(slopes[1], -position + jnp.cos(1.7), atol=1e-5)


def test_dense_output_starts_at_the_first_state_exactly():
    windowed = _solved(ParallelNewton(steps=8), 2.0, dense=True)
    np.testing.assert_array_equal(windowed.evaluate(0.0)[0], Y0[0])


def test_an_interpolation_does_not_recompile():
    solver = ParallelNewton(steps=8)
    again = ParallelNewton(steps=8)
    assert solver.interpolation_cls == again.interpolation_cls
    assert hash(solver.interpolation_cls) == hash(again.interpolation_cls)
    assert solver.interpolation_cls != ParallelNewton(diffrax.Heun()).interpolation_cls
