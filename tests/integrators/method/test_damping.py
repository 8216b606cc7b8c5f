import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import Method, methods, newton_scan

XS = jax.random.normal(jax.random.key(0), (24, 2))
COUPLING = jnp.array([[0.5, 0.9], [-0.8, 0.3]])


def _scanned(damping):
    def f(carry, x):
        carry = jnp.tanh(COUPLING @ carry + x)
        return carry, carry

    method = Method(damping=damping, interval=1, guess="constant")
    (_, states), record = newton_scan(
        f, jnp.zeros(2), XS, mode="parallel", method=method, return_record=True
    )
    return states, record.iterations


@pytest.mark.parametrize("damping", [methods.TrustRegion, methods.Scaled, methods.Clipped])
def test_weights_may_be_arrays(damping):
    """They change without another compilation, and no derivative depends on them."""
    traced = []
    expected = jax.lax.scan(lambda c, x: (jnp.tanh(COUPLING @ c + x),) * 2, jnp.zeros(2), XS)[1]

    @jax.jit
    @functools.partial(jax.grad, has_aux=True)
    def scanned(weight):
        traced.append(weight)
        states, iterations = _scanned(damping(weight))
        return jnp.sum(states), (states, iterations)

    for weight in (0.3, 0.9):
        slope, (states, _) = scanned(weight)
        np.testing.assert_allclose(states, expected, rtol=1e-8)
        assert slope == 0
    assert len(traced) == 1


def test_the_weight_counts():
    iterations = jax.jit(lambda weight: _scanned(methods.elk(weight).damping)[1])
    assert iterations(1e-3) < iterations(10.0)


def test_a_factor_of_zero_keeps_no_jacobians():
    """A matrix is divided by infinity."""
    residual, jacobians = jnp.ones((4, 2)), jnp.ones((4, 2, 2))
    for factor in (0.0, jnp.array(0.0)):
        damped, _ = methods.Scaled(factor).update(
            methods.Dense(), methods.Sequential(), jacobians, residual, residual, ()
        )
        np.testing.assert_array_equal(damped, residual)


@pytest.mark.parametrize("damping", [methods.TrustRegion, methods.Scaled, methods.Clipped])
@pytest.mark.parametrize("weight", ["a", True, jnp.ones(2), float("nan"), jnp.array(-1.0)], ids=str)
def test_weights_of_no_use_are_refused(damping, weight):
    with pytest.raises(parasim.ConfigError, match=f"{damping.__name__} must be a"):
        damping(weight)


def test_numbers_of_numpy_are_those_of_python():
    assert methods.TrustRegion(np.float32(0.5)) == methods.TrustRegion(0.5)
    assert hash(methods.TrustRegion(np.float32(0.5))) == hash(methods.TrustRegion(0.5))
