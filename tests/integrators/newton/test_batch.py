import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import DeviceCosts, Method, ParallelNewton
from tests.problems import Problem, lorenz, run


@pytest.mark.slow
def test_a_batch_equals_its_members():
    solver = ParallelNewton(diffrax.Heun(), mode="parallel", steps=128)
    y0 = jnp.array([[1.0, 2.0, 3.0], [-5.0, 0.1, 30.0]])

    problem = Problem(lorenz(10), None, 0.01, 512)

    def end(y):
        return run(problem._replace(y0=y), solver)

    batch = jax.jit(jax.vmap(end))(y0)
    one = jax.jit(end)
    for member in range(2):
        np.testing.assert_allclose(batch.ys[member], one(y0[member]).ys, rtol=1e-9)
        windows = parasim.windows(jax.tree.map(lambda leaf: leaf[member], batch))  # noqa: B023
        assert np.all(windows["mode"] == 1)


def test_a_batch_makes_one_decision():
    """Mapping the choice would make it a select, which runs both branches in every window."""
    evaluations = []

    def counted(t, y, args):
        jax.debug.callback(lambda: evaluations.append(1))
        return lorenz(28)(t, y, args)

    def count(function, y0):
        evaluations.clear()
        jax.block_until_ready(function(y0))
        jax.effects_barrier()
        return len(evaluations)

    # So few iterations are affordable that a lone run steps; a batch must not do more than that.
    solver = ParallelNewton(
        diffrax.Euler(), steps=16, method=Method(interval=4), costs=DeviceCosts(1.0, 4.0, 2.0, 0.2)
    )

    def end(y0):
        return run(Problem(counted, y0, 0.01, 16 * 4), solver).ys

    y0 = jnp.array([1.0, 2.0, 20.0])
    assert count(jax.vmap(end), jnp.stack([y0, y0, y0])) <= 3 * count(end, y0)
