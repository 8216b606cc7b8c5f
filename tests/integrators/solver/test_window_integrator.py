import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators import ParallelNewton, WindowIntegrator


def _driven(t, y, args):
    return {"x": -args * y["x"] + jnp.cos(t)}


@pytest.mark.parametrize("mode", [pytest.param("parallel", marks=pytest.mark.slow), "sequential"])
def test_windows_of_any_length_make_one_grid(mode):
    integrator = WindowIntegrator(ParallelNewton(mode=mode), _driven, 1.0, 0.125)
    y, args = {"x": jnp.array([2.0, -1.0])}, 0.5
    history, pieces, start = integrator.init(y, 100), [], 0
    advance = eqx.filter_jit(integrator)
    for steps in (20, 20, 7):
        states, history, _ = advance(history, y, args, jnp.asarray(start), steps)
        y = jax.tree.map(lambda leaf: leaf[-1], states)
        pieces.append(states["x"])
        start += steps
    ts = 1.0 + 0.125 * jnp.arange(1, 48)
    stock = diffrax.diffeqsolve(
        diffrax.ODETerm(_driven),
        diffrax.Tsit5(),
        1.0,
        1.0 + 47 * 0.125,
        dt0=0.125,
        y0={"x": jnp.array([2.0, -1.0])},
        args=0.5,
        saveat=diffrax.SaveAt(ts=ts),
    )
    np.testing.assert_allclose(jnp.concatenate(pieces), stock.ys["x"], atol=1e-9)
    assert int(history.windows) == 3


@pytest.mark.parametrize(
    "solver", [diffrax.Euler(), diffrax.Heun(), diffrax.HalfSolver(diffrax.Heun())]
)
def test_steps_do_not_depend_on_how_large_time_is(solver):
    """In float32 a step of 0.002 at time 1e5 is a quarter of what separates two times."""

    def run(t0):
        newton = ParallelNewton(solver, mode="sequential")
        integrator = WindowIntegrator(
            newton, lambda t, y, args: jnp.stack([y[1], -y[0]]), t0, 0.002
        )
        y = jnp.array([1.0, 0.0], jnp.float32)
        return integrator(integrator.init(y, 64), y, None, 0, 64)[0]

    np.testing.assert_array_equal(run(0.0), run(1e5))


def test_float32_states_see_float32_times():
    seen = []

    def field(t, y, args):
        seen.append(t.dtype)
        return -y

    integrator = WindowIntegrator(ParallelNewton(mode="sequential"), field, 0.0, 0.1)
    y = jnp.array([1.0], jnp.float32)
    states, _, _ = integrator(integrator.init(y, 64), y, None, 0, 8)
    assert states.dtype == jnp.float32
    assert set(seen) == {jnp.dtype(jnp.float32)}
