import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError, newton_scan
from parasim.integrators.method._checks import (
    check_positive,
    check_positive_int,
    check_step_size,
    may_be_tolerance,
    plain,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1e-6, True),
        (np.float32(1e-6), True),
        (np.array(1e-6), True),
        (jnp.array(1e-6), True),
        (0.0, False),
        (1, False),
        (True, False),
        (np.bool_(True), False),
        (np.array([1e-6]), False),
        (1e-6 + 0j, False),
        ("1e-6", False),
    ],
)
def test_what_may_be_a_tolerance(value, expected):
    assert may_be_tolerance(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, True), (jnp.array(0.0), True), (False, False), (-1.0, False)]
)
def test_zero_may_be_one_where_that_is_said(value, expected):
    assert may_be_tolerance(value, or_zero=True) == expected


def test_what_is_not_known_while_tracing_may_be_a_number():
    @jax.jit
    def traced(value):
        check_positive("weight", value)
        check_step_size(value)
        assert may_be_tolerance(value)
        with pytest.raises(ConfigError, match="weight must be a positive number"):
            check_positive("weight", value[None])
        return value

    traced(-1.0)


def test_numbers_of_numpy_become_those_of_python():
    for value, kind in (
        (np.int64(3), int),
        (np.float32(0.5), float),
        (np.longdouble(0.5), float),
        (np.array(0.5), float),
    ):
        assert type(plain(value)) is kind
    for value in (True, np.bool_(True), "a", None, np.ones(2), jnp.array(1.0)):
        assert plain(value) is value


@pytest.mark.parametrize("value", [True, 2.0, -1, 2**31, "a", jnp.array(2)])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ConfigError, match="number must be a positive Python int"):
        check_positive_int("number", value)
    with pytest.raises(ConfigError, match="number must be a Python int of at least 0"):
        check_positive_int("number", value, or_zero=True)


@pytest.mark.parametrize("value", ["a", -1.0, np.ones(2), float("nan")])
def test_step_sizes_of_no_use_are_refused(value):
    with pytest.raises(ConfigError, match="step_size must be positive"):
        check_step_size(value)


def test_a_scan_takes_numbers_of_numpy():
    """They do not make the tolerance more precise than the carry."""

    def f(carry, x):
        carry = jnp.tanh(carry / 2 + x)
        return carry, carry

    xs = jnp.linspace(0, 1, 12, dtype=jnp.float32)
    with jax.numpy_dtype_promotion("strict"):
        _, states = newton_scan(
            f,
            jnp.zeros((), jnp.float32),
            xs,
            mode="parallel",
            rtol=np.float64(1e-4),
            atol=np.float32(1e-4),
            window=np.int64(6),
            max_iterations=np.int32(20),
            restart_every=np.int64(5),
        )
    assert states.dtype == jnp.float32
    np.testing.assert_allclose(states, jax.lax.scan(f, jnp.zeros((), jnp.float32), xs)[1], 1e-4)
