import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError
from parasim.integrators.newton._traced_step import TracedStep


@jax.custom_jvp
def _with_a_rule(x, n):
    return jnp.sin(x), n + 1


@_with_a_rule.defjvp
def _rule(primals, tangents):
    raise AssertionError  # no derivative is asked for


@jax.custom_vjp
def _with_a_reverse_rule(x, n):
    return jnp.sin(x), n + 1


_with_a_reverse_rule.defvjp(lambda x, n: (_with_a_reverse_rule(x, n), None), lambda *_: None)


def _plain(x, n):
    return jnp.sin(x), n + 1


def _check(f, count=0):
    carry = jax.eval_shape(lambda: {"x": jnp.ones(2), "n": jnp.array(count)})
    TracedStep(f, carry, jax.eval_shape(lambda: jnp.ones(2))).check_split()


@pytest.mark.parametrize(
    "call",
    [
        _plain,
        jax.jit(_plain),
        jax.jit(jax.jit(_plain)),
        jax.checkpoint(_plain),
        _with_a_rule,
        _with_a_reverse_rule,
    ],
)
def test_calls_are_looked_into(call):
    def independent(carry, _):
        x, n = call(carry["x"], carry["n"])
        return {"x": x, "n": n}, None

    def dependent(carry, _):
        x, n = call(carry["x"], carry["n"])
        return {"x": x, "n": call(x, x.astype(int)[0] + n)[1]}, None

    _check(independent)
    with pytest.raises(ConfigError, match=r"carry\['n'\] of dtype int"):
        _check(dependent)


def test_an_integer_may_depend_on_inputs_and_drive_numbers():
    def f(carry, x):
        n = carry["n"] + jnp.argmax(x)
        return {"x": carry["x"] * n, "n": n}, carry["x"] > 0

    _check(f)


@pytest.mark.parametrize(
    "through",
    [
        lambda x, n: jax.lax.stop_gradient(n + x[0].astype(int)),
        lambda x, n: jnp.where(x[0] > 0, n, n + 1),
        lambda x, n: jax.lax.cond(x[0] > 0, lambda: n, lambda: n + 1),
        lambda x, n: jax.lax.while_loop(
            lambda c: c[0][0] > 0, lambda c: (c[0] - 1, c[1] + 1), (x, n)
        )[1],
    ],
)
def test_every_way_to_depend_counts(through):
    def f(carry, _):
        return {"x": carry["x"], "n": through(carry["x"], carry["n"])}, None

    with pytest.raises(ConfigError, match="afterwards"):
        _check(f)


def test_the_step_is_traced_once_and_closes_over_what_it_needs():
    traces = []

    def run(factor):
        def f(carry, x):
            traces.append(1)
            return carry * factor, carry + x

        one = jax.eval_shape(lambda: jnp.ones(()))
        step = TracedStep(f, one, one)
        carry, y = step(jnp.array(2.0), jnp.array(1.0))
        return step(carry, y)[0]

    value, slope = jax.value_and_grad(run)(3.0)
    np.testing.assert_allclose([value, slope], [18.0, 12.0])
    assert len(traces) == 1
