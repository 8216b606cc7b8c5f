"""The steps are those that diffrax makes."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from parasim.integrators.steps._adaptive import adaptive_pass
from parasim.integrators.steps._tolerance import Tolerance

END = 20.0


def field(t, y, args):
    """Van der Pol's oscillator, pushed; two leaves."""
    return {"x": y["v"], "v": args * (1 - y["x"] ** 2) * y["v"] - y["x"] + 0.1 * jnp.sin(t)}


TERM = diffrax.ODETerm(field)
Y0 = {"x": jnp.array([2.0]), "v": jnp.array([0.0])}
ROOTS = optimistix.Newton(rtol=1e-8, atol=1e-8)


def passed(solver, slots, y0=Y0):
    tolerance = Tolerance(1e-5, 1e-7)
    args = (solver, TERM, jnp.array(3.0), jnp.array(0.0), jnp.array(END), y0, tolerance, slots)
    return jax.jit(lambda: adaptive_pass(*args))()


@pytest.mark.parametrize(
    "solver",
    [diffrax.Tsit5(), diffrax.Dopri8(), diffrax.Kvaerno5(root_finder=ROOTS)],
    ids=lambda solver: type(solver).__name__,
)
def test_every_step_is_diffraxs(solver):
    found = passed(solver, 1000)
    first = float(found.mesh.nodes[1])  # diffrax takes 0.01, as it hides an ODETerm from itself
    stock = diffrax.diffeqsolve(
        *(TERM, solver, 0.0, END, first, Y0, 3.0),
        stepsize_controller=diffrax.PIDController(1e-5, 1e-7),
        saveat=diffrax.SaveAt(steps=True),
        max_steps=1000,
    )
    count = int(stock.stats["num_accepted_steps"])
    assert int(found.mesh.steps) == count
    assert int(found.attempts) == int(stock.stats["num_steps"]) > count
    np.testing.assert_allclose(found.mesh.nodes[1 : count + 1], stock.ts[:count], rtol=1e-9)
    for name in Y0:
        np.testing.assert_allclose(
            found.states[name][:count], stock.ys[name][:count], rtol=1e-7, atol=1e-9
        )
        assert np.all(found.states[name][count:] == found.states[name][count - 1])


def test_without_slots_enough_it_ends_early():
    whole, few = passed(diffrax.Tsit5(), 1000), passed(diffrax.Tsit5(), 50)
    steps = int(few.mesh.steps)
    assert int(few.attempts) == 50
    np.testing.assert_array_equal(few.mesh.nodes[: steps + 1], whole.mesh.nodes[: steps + 1])
    assert few.mesh.end == few.mesh.nodes[steps] < END
    np.testing.assert_array_equal(few.states["x"][:steps], whole.states["x"][:steps])


def test_what_is_not_finite_ends_it():
    found = passed(diffrax.Tsit5(), 100, {"x": jnp.array([jnp.nan]), "v": jnp.array([0.0])})
    assert int(found.mesh.steps) < 100
    assert found.mesh.end < END
