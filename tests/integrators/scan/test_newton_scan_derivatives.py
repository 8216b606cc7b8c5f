import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import newton_scan
from tests.recurrences import NOISY, assert_same, noisy, numbers

BOTH = pytest.mark.parametrize("mode", ["parallel", "sequential"])


def _loss(scan, **options):
    """Of a recurrent cell's parameters, its first state and its inputs."""

    def loss(cell, init, xs):
        def f(state, x):
            state = cell(x, state)
            return state, jnp.tanh(state)

        last, ys = scan(f, init, xs, **options)
        return jnp.sum(last**2) + jnp.sum(ys**3)

    return loss


@BOTH
@pytest.mark.parametrize(
    "transform", ["grad", "jvp", pytest.param("batched grad", marks=pytest.mark.slow)]
)
def test_derivatives_are_those_of_lax_scan(transform, mode):
    cell = eqx.nn.GRUCell(3, 2, key=jax.random.key(1))
    arguments = (cell, numbers(2), numbers(20, 3))
    batch = (cell, numbers(3, 2), numbers(3, 20, 3))
    tangents = jax.tree.map(jnp.cos, arguments)

    def derivative(loss):
        if transform == "jvp":
            return jax.jit(lambda: jax.jvp(loss, arguments, tangents))()
        gradient = jax.grad(loss, argnums=(0, 1, 2))
        if transform == "grad":
            return jax.jit(gradient)(*arguments)
        return jax.jit(jax.vmap(gradient, in_axes=(None, 0, 0)))(*batch)

    ours = derivative(_loss(newton_scan, mode=mode, window=16))
    assert_same(ours, derivative(_loss(jax.lax.scan)), atol=1e-9)


@BOTH
def test_second_derivatives_are_those_of_lax_scan(mode):
    def hessian(scan, **options):
        def loss(parameters):
            def f(c, x):
                c = jnp.sin(parameters[0] * c) + x
                return c, c**2

            last, ys = scan(f, parameters[1], numbers(20), **options)
            return last + jnp.sum(ys)

        return jax.jit(jax.hessian(loss))(jnp.array([0.7, 0.2]))

    np.testing.assert_allclose(
        hessian(newton_scan, mode=mode, window=8), hessian(jax.lax.scan), rtol=1e-7, atol=1e-9
    )


@pytest.mark.slow
def test_second_derivatives_are_right_in_a_loop():
    """Reverse mode of a loop forgets the rules of jax.custom_jvp."""

    def hessian(scan, **options):
        def loss(parameters):
            def layer(c, xs):
                return scan(lambda c, x: (jnp.sin(parameters[0] * c) + x,) * 2, c, xs, **options)

            return jnp.sum(jax.lax.scan(layer, parameters[1], numbers(2, 12))[1] ** 2)

        return jax.jit(jax.hessian(loss))(jnp.array([0.7, 0.2]))

    np.testing.assert_allclose(
        hessian(newton_scan, mode="parallel"), hessian(jax.lax.scan), rtol=1e-7, atol=1e-9
    )


@pytest.mark.slow
@BOTH
def test_gradients_pass_by_keys_and_counters(mode):
    def gradient(scan, **options):
        def loss(h):
            last, (hs, _) = scan(noisy, {**NOISY, "h": h}, length=20, **options)
            return last["h"] + jnp.sum(hs**2)

        return jax.jit(jax.grad(loss))(0.3)

    ours = gradient(newton_scan, mode=mode)
    np.testing.assert_allclose(ours, gradient(jax.lax.scan), rtol=1e-9)


def test_a_window_that_is_stepped_through_has_its_gradient_too():
    def gradient(scan, **options):
        def loss(c):
            return scan(lambda c, _: (4 * c * (1 - c), c), c, length=24, **options)[0]

        return jax.jit(jax.grad(loss))(0.3)

    ours = gradient(newton_scan, mode="parallel", max_iterations=1)
    np.testing.assert_allclose(ours, gradient(jax.lax.scan), rtol=1e-9)
