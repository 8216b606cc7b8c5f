import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.newton._intervals import Intervals

STARTS = jnp.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])


def _step(y, x):
    return jnp.tanh(jnp.array([[0.5, -0.8], [0.8, 0.3]]) @ y) + x


@pytest.mark.parametrize("moving", [None, 5])
def test_intervals_by_kernels_are_those_by_loops(monkeypatch, moving):
    """The last interval is shorter, and not all steps may be made."""
    monkeypatch.setenv("PARASIM_KERNELS", "interpret")

    def look(fused):
        count = None if moving is None else jnp.int32(moving)
        intervals = Intervals(_step, jnp.linspace(0, 1, 8), 3, count, fused=fused)
        linearised = intervals.linearised(STARTS)
        one = jnp.array([1.0, 0.0])[None, :, None] * jnp.ones((3, 1, 1))
        pushed = linearised.push(jnp.eye(2)), linearised.push(one), linearised.ends
        return pushed, intervals.states(STARTS)

    found, expected = (jax.jit(look, static_argnums=0)(fused) for fused in (True, False))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)
