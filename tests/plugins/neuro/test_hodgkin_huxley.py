"""The removable singularities of the rate functions, and the resting potential."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.optimize import brentq

from parasim.plugins import get_system
from parasim.plugins.neuro._exp_linear import exp_linear

DTYPES = (np.float32, np.float64)
ORDERS = {
    "value": exp_linear,
    "first, reverse": jax.grad(exp_linear),
    "first, forward": jax.jacfwd(exp_linear),
    "second, forward": jax.jacfwd(jax.jacfwd(exp_linear)),
    "second, reverse": jax.grad(jax.grad(exp_linear)),
    "second, mixed": jax.jacfwd(jax.jacrev(exp_linear)),
}


# Symmetric about zero, with both sides of the place where the series takes over.
BELOW = [np.nextafter(0.5, 0), np.nextafter(np.float32(0.5), np.float32(0))]
HALF = np.concatenate([[0.5, *BELOW], np.linspace(1 / 128, 90, 400)])
POINTS = np.concatenate([-HALF[::-1], [0.0], HALF])
FAR = np.asarray([-1e30, -1e4, 1e4, 1e30])
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_order = pytest.mark.parametrize("order", ORDERS)


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


@cache
def tabulated(dtype):
    """All derivatives at POINTS and at FAR, compiled once."""
    every = jax.jit(jax.vmap(lambda x: {name: f(x) for name, f in ORDERS.items()}))
    points, far = (every(jnp.asarray(x, dtype)) for x in (POINTS, FAR))
    return {name: (np.asarray(points[name]), np.asarray(far[name])) for name in ORDERS}


@every_dtype
@every_order
def test_exp_linear_has_its_exact_limit_at_zero(order, dtype):
    exact = {"v": 1.0, "f": 1 / 2, "s": 1 / 6}[order[0]]
    result = tabulated(dtype)[order][0][HALF.size]
    assert result.dtype == dtype
    np.testing.assert_allclose(result, exact, rtol=2 * np.finfo(dtype).eps)


@every_dtype
@every_order
def test_exp_linear_satisfies_its_reflection_identity_everywhere(order, dtype):
    # g(x) - g(-x) = x, hence g'(x) + g'(-x) = 1 and g''(x) - g''(-x) = 0.
    g, x = tabulated(dtype)[order][0], POINTS.astype(dtype)
    left_over = {"v": g - g[::-1] - x, "f": g + g[::-1] - 1, "s": g - g[::-1]}[order[0]]
    assert np.max(np.abs(left_over) / np.maximum(1, np.abs(x))) < 24 * np.finfo(dtype).eps


@every_dtype
@every_order
def test_exp_linear_does_not_jump_where_the_series_takes_over(order, dtype):
    g, x = tabulated(dtype)[order][0], POINTS.astype(dtype)
    for sign in (1, -1):
        above, *below = (HALF.size + sign * place for place in (1, 2, 3))
        for place in below:
            step = abs(x[above] - x[place])
            assert abs(g[above] - g[place]) < 24 * np.finfo(dtype).eps + step


@every_dtype
def test_exp_linear_solves_its_differential_equation(dtype):
    # g = x / (1 - exp(-x)) gives x g' = g (1 + x - g).
    x = POINTS.astype(dtype)
    g, slope = tabulated(dtype)["value"][0], tabulated(dtype)["first, reverse"][0]
    error = np.abs(x * slope - g * (1 + x - g)) / np.maximum(1, x * x)
    assert error.max() < 24 * np.finfo(dtype).eps


@every_dtype
@every_order
def test_exp_linear_is_finite_far_away(order, dtype):
    expected = {"v": np.maximum(FAR, 0), "f": FAR > 0, "s": 0 * FAR}[order[0]]
    np.testing.assert_array_equal(tabulated(dtype)[order][1], expected.astype(dtype))


@every_dtype
def test_jacobian_and_its_derivative_are_finite_at_every_voltage(dtype):
    system = get_system("hodgkin-huxley")
    params = system.resolve()
    state = {name: jnp.asarray(leaf, dtype) for name, leaf in system.y0.items()}

    def derivatives(voltage):
        flat, unravel = ravel_pytree(state | {"V": voltage})

        def field(z):
            return ravel_pytree(system.vector_field(0.0, unravel(z), params))[0]

        return [d(flat) for d in (field, jax.jacfwd(field), jax.jacfwd(jax.jacrev(field)))]

    voltages = [-40.0, -55.0, -39.99999, -40.00001, -54.99999, -55.00001, -65.0, -1000.0, 1000.0]
    for result in jax.jit(jax.vmap(derivatives))(jnp.asarray(voltages, dtype)):
        assert result.dtype == dtype
        assert bool(jnp.isfinite(result).all())


def test_without_current_it_rests_at_minus_64_9964():
    system = get_system("hodgkin-huxley")
    params = system.resolve({"I": 0.0})

    def at(V, gates):
        return system.vector_field(0.0, {"V": jnp.asarray(V), **gates}, params)

    def current(V):
        # A gate obeys alpha - (alpha + beta) y: its rate at y = 0 and 1 gives the equilibrium.
        shut = at(V, dict.fromkeys("mhn", 0.0))
        opened = at(V, dict.fromkeys("mhn", 1.0))
        return float(at(V, {k: shut[k] / (shut[k] - opened[k]) for k in "mhn"})["V"])

    assert brentq(current, -70.0, -60.0, xtol=1e-12) == pytest.approx(-64.9964, abs=5e-5)


def test_gates_start_at_equilibrium():
    system = get_system("hodgkin-huxley")
    dy = system.vector_field(0.0, system.y0, system.resolve())
    np.testing.assert_allclose([dy[gate] for gate in "mhn"], 0, atol=1e-16)
