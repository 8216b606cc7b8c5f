import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import Method, ParallelNewton, methods, newton_scan

INPUTS = jnp.linspace(-1, 1, 40 * 4).reshape(40, 4)
DECAYS = jnp.linspace(0.1, 0.9, 4)
WRONG = r"entries that .* does not keep, though `exact=True`.*quasi_deer"


def _scanned(step, method, dtype=jnp.float64, scan=newton_scan, **options):
    start, inputs = jnp.zeros(4, dtype), INPUTS.astype(dtype)

    def body(y, x):
        y = step(y, x)
        return y, y

    if scan is newton_scan:
        options |= {"mode": "parallel", "method": method, "restart_every": 40}
        options |= {"max_iterations": 50}
    return eqx.filter_jit(lambda: scan(body, start, inputs, **options)[1])()


def apart(y, x):
    return jnp.tanh(DECAYS.astype(y.dtype) * y + x)


def in_pairs(y, x):
    return jnp.tanh(0.5 * y + 0.3 * jnp.stack([y[1], -y[0], y[3], -y[2]]) + x)


def together(y, x):
    return jnp.tanh(0.5 * y + 1e-6 * jnp.roll(y, 2) + x)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize(
    ("step", "method"),
    [(apart, methods.para_rnn()), (in_pairs, methods.para_rnn(2, strided=False))],
)
def test_what_is_of_the_form_that_is_claimed_is_solved(step, method, dtype):
    found = _scanned(step, method, dtype)
    expected = _scanned(step, method, dtype, scan=jax.lax.scan)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("step", "method"),
    [
        (in_pairs, methods.para_rnn()),
        (in_pairs, methods.para_rnn(2)),  # of other pairs
        (together, methods.para_rnn()),
        (together, Method(structure=methods.BlockDiagonal(2), interval=4)),
    ],
)
def test_what_is_not_is_an_error_that_names_the_alternative(step, method):
    with pytest.raises(RuntimeError, match=WRONG):
        _scanned(step, method)


def test_a_complex_unit_is_two_numbers():
    def step(y, x):
        y = 0.9j * y + x
        return y, y

    def scan(method):
        return eqx.filter_jit(newton_scan)(
            step, jnp.zeros(2, complex), INPUTS[:, :2], mode="parallel", method=method
        )

    with pytest.raises(RuntimeError, match=WRONG):
        scan(methods.para_rnn())
    expected = jax.lax.scan(step, jnp.zeros(2, complex), INPUTS[:, :2])[1]
    np.testing.assert_allclose(scan(methods.quasi_deer())[1], expected, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("tolerances", [{}, {"rtol": 1e-6, "atol": 1e-9}])
def test_units_that_are_coupled_weakly_are_no_blocks(tolerances):
    def field(t, y, coupling):
        v, w = y.reshape(-1, 2).T
        slopes = v - v**3 / 3 - w + coupling * (jnp.mean(v) - v), 0.08 * (v + 0.7 - 0.8 * w)
        return jnp.stack(slopes, axis=1).ravel()

    def end(coupling, structure):
        method = Method(structure=structure)
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            ParallelNewton(steps=128, mode="parallel", method=method, **tolerances),
            *(0.0, 2.0, 1.0, jnp.linspace(-1, 1, 6), coupling),
        ).ys[-1]

    def slope(structure):
        return jax.grad(lambda coupling: jnp.sum(end(coupling, structure)))(0.1)

    with pytest.raises(RuntimeError, match=WRONG):
        end(0.1, methods.BlockDiagonal(2))
    with pytest.raises(RuntimeError, match=WRONG):
        slope(methods.BlockDiagonal(2))
    # Without a coupling they are, whatever it might be.
    alone, whole = end(0.0, methods.BlockDiagonal(2)), end(0.0, methods.Dense())
    np.testing.assert_allclose(alone, whole, rtol=1e-6)
    inexact = methods.BlockDiagonal(2, exact=False)
    np.testing.assert_allclose(slope(inexact), slope(methods.Dense()), rtol=1e-6)
