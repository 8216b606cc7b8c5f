"""exp(sin x), found by something that has no derivative, and with the rule for its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.newton._tangent_rule import with_tangent_rule


def _plain(x):
    return jnp.exp(jnp.sin(x))


def _ruled(x):
    def rule(problem, values, given):
        return values * jnp.cos(problem["x"]) * given["x"]

    found = jax.lax.stop_gradient(jnp.exp(jnp.sin(x)))
    return with_tangent_rule(rule, {"x": x, "counted": jnp.arange(3), "name": "sine"}, found)


@pytest.mark.parametrize(
    "around",
    [
        lambda f: f,
        jax.jit,
        lambda f: lambda x: jax.lax.scan(lambda c, _: (f(c), f(c)), x, None, 3)[1].sum(),
        lambda f: lambda x: jax.lax.scan(jax.checkpoint(lambda c, _: (f(c), c)), x, None, 3)[0],
        lambda f: lambda x: jax.vmap(f)(jnp.stack([x, 2 * x])).sum(),
        lambda f: lambda x: jax.lax.cond(x > 0, f, jnp.cos, x),
    ],
    ids=["itself", "jit", "scan", "checkpointed scan", "vmap", "cond"],
)
@pytest.mark.parametrize(
    "order",
    [
        [jax.grad],
        [jax.jacfwd],
        [jax.grad, jax.jacfwd],
        [jax.grad, jax.grad],
        [jax.jacfwd, jax.grad],
        [jax.grad, jax.grad, jax.grad],
    ],
    ids=["r", "f", "fr", "rr", "rf", "rrr"],
)
def test_derivatives_of_every_order_go_by_the_rule_everywhere(order, around):
    def derivative(f):
        f = around(f)
        for transform in order:
            f = transform(f)
        return jax.vmap(f)(jnp.array([0.3, 0.5]))

    np.testing.assert_allclose(derivative(_ruled), derivative(_plain), rtol=1e-12)


def test_what_no_tangent_reaches_is_constant():
    def constant(x):
        return with_tangent_rule(lambda *_: 1 / 0, jnp.ones(2), x)

    value, tangent = jax.jvp(constant, (jnp.array(3.0),), (jnp.array(1.0),))
    assert (value, tangent) == (3.0, 0.0)
