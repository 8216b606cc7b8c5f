"""The cases of test_sharding.py, in a process with eight devices: on_eight_devices.py CASE."""

import sys

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from parasim import Method, ParallelNewton, methods, newton_scan, windows

jax.config.update("jax_enable_x64", True)

WEIGHTS = jnp.array([[0.5, -0.8], [0.8, 0.3]])


def mesh():
    assert len(jax.devices()) == 8
    return jax.make_mesh((8,), ("time",))


def step(state, x):
    state = 0.9 * jnp.tanh(WEIGHTS @ state + x)
    return state, state


def states(xs, method):
    return newton_scan(step, jnp.zeros(2), xs, mode="parallel", method=method, return_record=True)


def inputs(count):
    return jax.random.normal(jax.random.key(0), (count, 2))


def window(count=256):
    xs = inputs(count)
    solve = jax.jit(lambda xs: states(xs, Method(mesh=mesh(), interval=4)))
    (_, found), record = solve(xs)
    np.testing.assert_allclose(found, jax.lax.scan(step, jnp.zeros(2), xs)[1], atol=1e-12)
    assert record.parallel.all()
    alone = jax.jit(lambda xs: states(xs, Method(interval=4)))(xs)[1]
    np.testing.assert_array_equal(record.iterations, alone.iterations)
    np.testing.assert_allclose(record.growth_rate, alone.growth_rate, rtol=1e-9)
    # The Jacobians of 64 intervals are never in one place: each device has those of 8.
    program = solve.lower(xs).compile().as_text()
    assert "f64[8,2,2]" in program or "f64[8,4,2" in program
    assert "all-gather" in program


def uneven_window():
    window(301)


def gradient():
    def loss(xs, scan):
        return jnp.sum(scan(xs) ** 2)

    xs = inputs(64)
    ours = jax.jit(jax.grad(lambda xs: loss(xs, lambda xs: states(xs, Method(mesh=mesh()))[0][1])))
    expected = jax.grad(lambda xs: loss(xs, lambda xs: jax.lax.scan(step, jnp.zeros(2), xs)[1]))
    np.testing.assert_allclose(ours(xs), expected(xs), atol=1e-12)


def flow():
    def field(t, y, rho):
        return jnp.stack(
            [10 * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]
        )

    @jax.jit
    def solve(rho):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            ParallelNewton(steps=256, mode="parallel", method=Method(mesh=mesh())),
            0.0,
            5.12,
            2.56,
            jnp.array([1.0, 2.0, 20.0]),
            args=rho,
            saveat=diffrax.SaveAt(t1=True, solver_state=True),
        )

    solution = solve(10.0)
    stepped = diffrax.diffeqsolve(
        diffrax.ODETerm(field), diffrax.Tsit5(), 0.0, 5.12, 0.01, jnp.array([1.0, 2.0, 20.0]), 10.0
    )
    np.testing.assert_allclose(solution.ys, stepped.ys, rtol=1e-9)
    assert windows(solution)["mode"].all()


def structure():
    """Blocks, and a diagonal that is not all of the Jacobian."""
    xs = inputs(64)
    expected = jax.lax.scan(step, jnp.zeros(2), xs)[1]
    for kept in (methods.BlockDiagonal(2), methods.Diagonal()):
        method = Method(structure=kept, mesh=mesh())
        found = jax.jit(lambda xs, method=method: states(xs, method))(xs)[0][1]
        np.testing.assert_allclose(found, expected, atol=1e-8)


def members():
    """Members that are on different devices stay there, and are those that they are alone."""
    # diffrax has no steps for arrays on the explicit axes of `jax.make_mesh`.
    divided = NamedSharding(Mesh(jax.devices(), ("member",)), PartitionSpec("member"))
    y0 = jax.device_put(1 + jnp.arange(16.0)[:, None] / 16, divided)

    def solve(y0):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -(y**3)),
            ParallelNewton(steps=64, mode="parallel"),
            0.0,
            1.0,
            1.0,
            y0,
        ).ys[-1]

    ends = jax.jit(jax.vmap(solve))(y0)
    assert ends.sharding.is_equivalent_to(divided, ends.ndim)
    np.testing.assert_allclose(ends[3], jax.jit(solve)(jnp.array([1.1875])), rtol=1e-9)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
