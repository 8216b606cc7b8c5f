"""Jumps at the moment at which a condition passes zero: a ball that bounces.

Its fall is a parabola, which Heun's method makes without an error, so all of it is exact.
"""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError, ParallelNewton, Windows, diffeqsolve
from parasim.integrators import WithResets
from parasim.integrators.steps._inner_step import inner_step
from parasim.integrators.steps._nodes import Slot

GRAVITY, KEPT = 2.0, 0.8


def fall(t, y, args):
    return {"x": y["v"], "v": -GRAVITY + 0 * y["v"], "last": 0 * y["last"]}


def below_ground(t, y, args):
    return -y["x"]


def bounce(t, y, args):
    return {"x": 0 * y["x"], "v": -KEPT * y["v"], "last": jnp.asarray(t, y["last"].dtype)}


def solver(most=2):
    return WithResets(diffrax.Heun(), (below_ground,), (bounce,), most=most)


def start(height):
    height = jnp.asarray(height)
    return {"x": height, "v": jnp.zeros_like(height), "last": jnp.zeros_like(height)}


def fallen(height, dt, count, most=2):
    """Let it fall for so many steps from time 0."""
    y0 = start(height)
    dt = jnp.asarray(dt, y0["x"].dtype)
    step = inner_step(solver(most), diffrax.ODETerm(fall), None, dt, y0)

    def body(y, index):
        return step(y, Slot(index * dt, (index + 1) * dt)), None

    return jax.lax.scan(body, y0, jnp.arange(count, dtype=dt.dtype))[0]


def exact(height, time):
    """Return the place at a time, and the moment of the last bounce before."""
    moment = np.sqrt(2 * height / GRAVITY)
    speed = KEPT * GRAVITY * moment
    while moment + 2 * speed / GRAVITY < time:
        moment, speed = moment + 2 * speed / GRAVITY, KEPT * speed
    since = time - moment
    return speed * since - GRAVITY * since**2 / 2, moment


@pytest.fixture(scope="module")
def derivatives():
    """The moment of the first bounce, and its derivatives with respect to the height."""

    def moment(height):
        return fallen(height, 0.15, 10)["last"]

    return jax.jit(lambda h: (moment(h), jax.grad(moment)(h), jax.jacfwd(jax.grad(moment))(h)))


@pytest.mark.parametrize("height", [1.0, 1.7])
def test_the_moment_of_a_jump_and_its_derivatives_are_exact(derivatives, height):
    moment, first, second = derivatives(jnp.asarray(height))
    assert moment == pytest.approx(np.sqrt(2 * height / GRAVITY), rel=1e-13)
    assert first == pytest.approx(1 / np.sqrt(2 * GRAVITY * height), rel=1e-12)
    assert second == pytest.approx(-1 / np.sqrt(8 * GRAVITY * height**3), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_comes_after_jumps_does_not_depend_on_the_grid(dtype):
    """A step of 1.7 has two of them."""
    run = jax.jit(fallen, static_argnums=2)
    for steps in (4, 64):
        y = run(jnp.asarray(1.0, dtype), jnp.asarray(6.8 / steps, dtype), steps)
        place, moment = exact(1.0, 6.8)
        tolerance = 100 * float(np.finfo(dtype).eps)
        assert y["x"].dtype == dtype
        assert y["last"] == pytest.approx(moment, rel=tolerance)
        assert y["x"] == pytest.approx(place, rel=30 * tolerance)


def test_a_step_with_too_many_jumps_is_not_a_number():
    place, _ = exact(1.0, 3.8)  # after the second of them
    assert jax.jit(lambda h: fallen(h, 3.8, 1, most=2))(1.0)["x"] == pytest.approx(place)
    assert np.isnan(jax.jit(lambda h: fallen(h, 3.8, 1, most=1))(1.0)["x"])


@pytest.mark.parametrize("conditions", [(), (below_ground, below_ground)])
def test_every_condition_needs_a_jump(conditions):
    with pytest.raises(ConfigError, match="a condition for every jump"):
        WithResets(diffrax.Tsit5(), conditions, (bounce,) if conditions else ())


@pytest.mark.slow
def test_windows_find_the_jumps_that_diffrax_finds_step_by_step():
    term, y0 = diffrax.ODETerm(fall), start(1.0)
    plain = diffrax.diffeqsolve(term, solver(), 0, 5.0, 0.05, y0, max_steps=None)
    place, moment = exact(1.0, 5.0)
    for mode in ("sequential", "parallel"):
        parallel = ParallelNewton(solver(), steps=50, mode=mode)
        found = diffeqsolve(
            term, parallel, 0, 5.0, 0.05, y0, stepsize_controller=Windows(steps=50), max_steps=None
        )
        for solution in (plain, found):
            assert solution.ys["x"][-1] == pytest.approx(place, rel=1e-9)
            assert solution.ys["last"][-1] == pytest.approx(moment, rel=1e-9)
