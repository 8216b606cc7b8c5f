import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.newton._flatten import Flattening

STATES = {
    "scalar": 2.0,
    "vector": jnp.arange(3.0),
    "dictionary": {"a": jnp.ones((2, 3)), "b": jnp.array(4.0)},
    "tuple": (jnp.arange(2.0), {"c": jnp.array(1.0)}),
    "complex": {"z": jnp.array([1 + 2j, 3j]), "x": jnp.array(1.5)},
    "float32": {"x": jnp.ones(2, jnp.float32)},
    "empty": {"x": jnp.zeros(0), "none": None},
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_state_comes_back_as_it_was(state):
    flattening = Flattening(state)
    vector = flattening.flatten(state)
    back = flattening.unflatten(vector)
    assert vector.shape == (flattening.size,)
    assert not jnp.iscomplexobj(vector)
    assert jax.tree.structure(back) == jax.tree.structure(state)
    for there, here in zip(jax.tree.leaves(state), jax.tree.leaves(back), strict=True):
        np.testing.assert_array_equal(there, here)
        assert jnp.result_type(there) == jnp.result_type(here)


def test_a_step_on_vectors_is_the_step_on_states():
    state = {"z": jnp.array([1 + 2j]), "x": jnp.array(1.5)}

    def step(y, x):
        return {"z": y["z"] * 1j + x, "x": y["x"] + y["z"][0].imag}

    flattening = Flattening(state)
    on_vectors = flattening.on_vectors(step)(flattening.flatten(state), 0.25)
    np.testing.assert_array_equal(on_vectors, flattening.flatten(step(state, 0.25)))
