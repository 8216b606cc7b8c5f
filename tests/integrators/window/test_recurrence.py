import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import newton_scan
from parasim.integrators.window._recurrence import Recurrence, has_tangents
from tests.problems import PARALLEL_PAYS


@jax.custom_vjp
def backwards_only(y):
    return jnp.tanh(y)


backwards_only.defvjp(lambda y: (jnp.tanh(y), y), lambda y, given: (given / jnp.cosh(y) ** 2,))


def called_back(y):
    return jax.pure_callback(np.tanh, y, y)


def looped(y):
    return jax.lax.fori_loop(0, 3, lambda _, y: backwards_only(y), y)


@pytest.mark.parametrize(
    ("function", "there_are"),
    [
        (jnp.tanh, True),
        (jax.nn.relu, True),
        (backwards_only, False),
        (looped, False),
        (called_back, False),
    ],
)
def test_whether_there_are_tangents_is_known_before_anything_is_computed(function, there_are):
    recurrence = Recurrence(lambda y, x: function(y) + x, jnp.zeros((4, 2)), jnp.array(1.0))
    assert has_tangents(recurrence, jnp.ones(2)) == there_are


@pytest.mark.parametrize("size", [2, 12])
@pytest.mark.parametrize("costs", [None, PARALLEL_PAYS])
def test_a_step_with_a_gradient_only_is_stepped_through_and_has_its_gradient(size, costs):
    def step(y, x):
        y = 0.5 * backwards_only(y) + x
        return y, y

    def loss(xs, scan, **options):
        return jnp.sum(scan(step, jnp.ones(size), xs, **options)[1] ** 2)

    xs = jnp.linspace(0, 1, 40 * size).reshape(40, size)
    found = jax.value_and_grad(lambda xs: loss(xs, newton_scan, costs=costs))(xs)
    expected = jax.value_and_grad(lambda xs: loss(xs, jax.lax.scan))(xs)
    np.testing.assert_allclose(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1])


def test_where_it_must_be_parallel_the_remedy_is_named():
    def step(y, x):
        return backwards_only(y) + x, None

    with pytest.raises(parasim.ConfigError, match=r"mode='sequential', or give .*custom_jvp"):
        newton_scan(step, jnp.ones(2), jnp.ones((4, 2)), mode="parallel")
