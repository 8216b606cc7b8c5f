import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError, ParallelNewton

DT = 1 / 64
TERM = diffrax.ODETerm(lambda t, y, rate: jnp.stack([rate * jnp.cos(t) * y[1], -y[0]]))
Y0 = jnp.array([1.0, 0.5])


def _solved(solver, windows, rate=1.3, term=TERM):
    """Integrate from 0 to 100 steps, in as many windows, of which the last is shorter."""
    edges = jnp.minimum(jnp.arange(windows + 1) * -(-100 // windows), 100) * DT
    return diffrax.diffeqsolve(
        term,
        solver,
        0.0,
        100 * DT,
        None,
        Y0,
        rate,
        stepsize_controller=diffrax.StepTo(edges),
        saveat=diffrax.SaveAt(ts=jnp.linspace(0, 100 * DT, 23)),
        max_steps=windows,
    )


@pytest.mark.parametrize("mode", [pytest.param("parallel", marks=pytest.mark.slow), "sequential"])
def test_a_partial_window_makes_the_same_steps_as_whole_ones(mode):
    solver = ParallelNewton(steps=32, step_size=DT, mode=mode)
    np.testing.assert_allclose(
        _solved(solver, 4).ys, _solved(diffrax.Tsit5(), 100).ys, rtol=1e-12, atol=1e-12
    )


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_the_gradient_of_a_partial_window_is_that_of_its_steps(mode):
    """The field is NaN beyond the end, where the steps that do not move would be made."""

    def field(t, y, rate):
        return TERM.vector_field(t, y, rate) * jnp.where(t > 100.5 * DT, jnp.nan, 1)

    def end(rate, solver, windows):
        return jnp.sum(_solved(solver, windows, rate, diffrax.ODETerm(field)).ys[-1])

    solver = ParallelNewton(steps=32, step_size=DT, mode=mode)
    np.testing.assert_allclose(
        jax.grad(end)(1.3, solver, 4), jax.grad(end)(1.3, diffrax.Tsit5(), 100), rtol=1e-11
    )


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["parallel", "sequential"])
def test_gradients_do_not_see_steps_that_cannot_be_made_from_the_end(mode):
    """The root is NaN beyond t = 0.6: from the last state no step can be made at the first time."""

    def end(rate, solver, edges):
        term = diffrax.ODETerm(lambda t, y, args: -args * jnp.sqrt(y + 1.2 * t - 0.7))
        control = diffrax.StepTo(edges)
        return diffrax.diffeqsolve(
            term, solver, 0.0, 1.0, None, jnp.ones(1), rate, stepsize_controller=control
        ).ys[0, 0]

    solver = ParallelNewton(diffrax.Heun(), steps=16, step_size=0.1, mode=mode)
    np.testing.assert_allclose(
        eqx.filter_jit(jax.grad(end))(1.0, solver, jnp.array([0.0, 1.0])),
        eqx.filter_jit(jax.grad(end))(1.0, diffrax.Heun(), jnp.arange(11) / 10),
        rtol=1e-11,
    )


def test_growth_is_not_sampled_where_steps_do_not_move():
    """Sixteen windows, each with fewer steps that move than the sample would need."""
    from parasim import windows

    solution = diffrax.diffeqsolve(
        TERM,
        ParallelNewton(steps=64, step_size=DT),
        0.0,
        34 * 4 * DT,
        4 * DT,
        Y0,
        1.3,
        saveat=diffrax.SaveAt(t1=True, solver_state=True),
    )
    assert np.isnan(windows(solution)["growth_rate"]).all()


@pytest.mark.parametrize("step_size", [0, -0.1, float("nan"), jnp.array(-1.0)])
def test_a_step_size_that_is_not_positive_is_refused(step_size):
    with pytest.raises(ConfigError, match="step_size must be positive"):
        ParallelNewton(step_size=step_size)
