import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._mesh_steps import MeshSteps
from parasim.integrators.steps._tolerance import Tolerance

TOLERANCE = Tolerance(0.0, 1e-6)


def _without_end(self, y, slot):
    del self
    return y, {"y0": y, "slope": slot.dt * y}


@pytest.mark.parametrize("known", [True, False], ids=["end in the details", "end not there"])
def test_a_state_that_is_off_is_seen_in_the_step_before_it_and_after_it(monkeypatch, known):
    terms = diffrax.ODETerm(lambda t, y, args: -y)
    mesh = Mesh.of_ends(jnp.array(0.0), jnp.array([0.1, 0.3, 0.4, 0.4]), jnp.array(3, jnp.int32))
    y0 = jnp.array([1.0])
    steps = MeshSteps(diffrax.Tsit5(), terms, None, y0)

    def stepped(y, slot):
        y = steps.step(y, slot)
        return y, y

    _, states = jax.lax.scan(stepped, y0, steps.slots(mesh))
    if not known:
        monkeypatch.setattr(type(steps.step), "details", _without_end)

    @eqx.filter_jit
    def residuals(states):
        return steps.residuals(mesh, states, steps.details(mesh, states), TOLERANCE)

    np.testing.assert_allclose(residuals(states)[:3], 0, atol=1e-9)
    off = residuals(states.at[1].add(1e-5))
    np.testing.assert_allclose(off[:3], [0, 10, 10 * np.exp(-0.1)], rtol=1e-5, atol=1e-9)
