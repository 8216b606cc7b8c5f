import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError, ParallelNewton, windows
from parasim.integrators.steps._iteration import Iteration
from parasim.integrators.steps._mesh_steps import parts_needed
from parasim.integrators.steps._tolerance import Tolerance, error_order


@pytest.mark.parametrize("error", [0.99, 1.01])
def test_steps_are_accepted_as_by_diffrax(error):
    """The same norm: of the two states, and over the components."""
    tolerance = Tolerance(1e-3, 1e-6)
    y0, y1 = {"a": jnp.array([1.0, -5.0])}, {"a": jnp.array([2.0, 4.0])}
    scale = np.array([1e-6 + 2e-3, 1e-6 + 5e-3])
    estimate = {"a": jnp.array([np.sqrt(2) * error, 0.0]) * scale}
    assert tolerance.error(y0, y1, estimate) == pytest.approx(error)
    kept = tolerance.controller.adapt_step_size(
        0.0, 1.0, y0, y1, None, estimate, 5.0, (1.0, 1.0, False)
    )[0]
    assert bool(kept) == (error < 1)


def test_an_error_that_is_not_known_is_infinite():
    y = jnp.ones(2)
    assert Tolerance(1e-3, 1e-6).error(y, y, jnp.array([jnp.nan, 0.0])) == jnp.inf


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_there_need_be_no_absolute_tolerance(mode):
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: -y),
        ParallelNewton(steps=128, rtol=np.float32(1e-6), atol=np.float64(0), mode=mode),
        *(0.0, 2.0, 1.0, jnp.array([1.0, 2.0])),
        saveat=diffrax.SaveAt(t1=True, solver_state=True),
    )
    np.testing.assert_allclose(solution.ys[0], [np.exp(-2), 2 * np.exp(-2)], rtol=1e-5)
    assert np.all(windows(solution)["mode"] == (mode == "parallel"))


def test_parts_follow_the_order_and_the_worse_neighbour():
    errors = jnp.array([1024.0, 0.1, 0.1, 0.1])
    np.testing.assert_array_equal(parts_needed(errors, 5.0), [5, 5, 1, 1])
    assert parts_needed(jnp.array([jnp.inf]), 5.0) > 10**6


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ({"rtol": 1e-6}, "rtol needs atol too"),
        ({"atol": 1e-6}, "atol needs rtol too"),
        ({"rtol": 0.0, "atol": 1e-6}, "between 0 and 1"),
        ({"rtol": 1e-6, "atol": -1.0}, "between 0 and 1"),
        ({"rtol": 1e-6, "atol": False}, "between 0 and 1"),
        ({"newton_atol": 0.0}, "between 0 and 1"),
        ({"rtol": float("nan"), "atol": 1e-6}, "between 0 and 1"),
        ({"rtol": jnp.array(2.0), "atol": 1e-6}, "between 0 and 1"),
        ({"rtol": jnp.array([1e-6]), "atol": 1e-6}, "between 0 and 1"),
        ({"newton_rtol": jnp.array(0.0)}, "between 0 and 1"),
        ({"rtol": 1e-6, "atol": 1e-6, "step_size": 0.1}, "one or the other"),
        ({"rtol": 1e-6, "atol": 1e-6, "coarseness": 1.0}, "above 1"),
        ({"rtol": 1e-6, "atol": 1e-6, "coarseness": "1e5"}, "above 1"),
        ({"coarseness": 100.0}, "give rtol and atol"),
        ({"rtol": 1e-6, "atol": 1e-6, "solver": diffrax.Euler()}, "HalfSolver"),
        (
            {"rtol": 1e-6, "atol": 1e-6, "solver": Iteration()},
            "estimates no error",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, remedy):
    with pytest.raises(ConfigError, match=remedy):
        ParallelNewton(**arguments)


def test_noise_is_refused():
    path = diffrax.VirtualBrownianTree(0.0, 1.0, 1e-2, (), jax.random.key(0))
    noise = diffrax.ControlTerm(lambda t, y, args: 0.1, path)
    terms = diffrax.MultiTerm(diffrax.ODETerm(lambda t, y, args: -y), noise)
    with pytest.raises(ConfigError, match="ordinary differential equations"):
        error_order(diffrax.SPaRK(), terms)
