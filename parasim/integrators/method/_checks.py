"""Checks of numbers that users give."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from parasim._errors import ConfigError


def check_positive_int(name: str, value: Any) -> None:
    """Raise ConfigError unless the value is an int of at least 1 that fits 32 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise ConfigError(f"{name} must be a positive Python int below 2**31, not {value!r}")


def check_step_size(value: Any) -> None:
    """Raise ConfigError where a step size is given that cannot be positive."""
    try:
        positive = value is None or bool(value > 0)
    except jax.errors.ConcretizationTypeError:  # while tracing
        return
    if not positive:
        raise ConfigError(f"step_size must be positive, not {value!r}")


def may_be_tolerance(value: Any) -> bool:
    """Whether it is a number between 0 and 1, or a scalar array that may be one."""
    if isinstance(value, Array):
        if value.shape or not jnp.issubdtype(value.dtype, jnp.floating):
            return False
    elif not isinstance(value, int | float):
        return False
    try:
        return bool(value > 0) and bool(value < 1)
    except jax.errors.ConcretizationTypeError:  # while tracing
        return True
