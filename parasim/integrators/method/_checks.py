"""Checks of numbers that users give."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from parasim._errors import ConfigError


def plain(value: Any) -> Any:
    """Return a number of numpy's as Python's, which has no dtype of its own; else the same."""
    if isinstance(value, np.generic | np.ndarray) and not value.shape and value.dtype.kind in "iuf":
        return float(value) if value.dtype.kind == "f" else int(value)
    return value


def check_positive_int(name: str, value: Any, *, or_zero: bool = False) -> None:
    """Raise ConfigError unless the value is an int of at least 1, or 0, that fits 32 bits."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not (0 if or_zero else 1) <= value < 2**31:
        wanted = "Python int of at least 0" if or_zero else "positive Python int"
        raise ConfigError(f"{name} must be a {wanted} below 2**31, not {value!r}")


def check_positive(name: str, value: Any) -> None:
    """Raise ConfigError unless the value is a positive number, or a scalar array that may be."""
    if not may_be_number(value, lambda value: (value > 0) & (value < jnp.inf)):
        raise ConfigError(f"{name} must be a positive number, not {value!r}")


def check_step_size(value: Any) -> None:
    """Raise ConfigError where a step size is given that cannot be positive."""
    try:
        positive = value is None or bool(value > 0)
    except jax.errors.ConcretizationTypeError:  # while tracing
        return
    except (TypeError, ValueError):  # text, and arrays of several
        positive = False
    if not positive:
        raise ConfigError(f"step_size must be positive, not {value!r}")


def may_be_tolerance(value: Any, *, or_zero: bool = False) -> bool:
    """Whether it is a number between 0 and 1, or a scalar array that may be one."""

    def possible(value: Any) -> Any:
        return ((value >= 0) if or_zero else (value > 0)) & (value < 1)

    return may_be_number(value, possible)


def may_be_number(value: Any, possible: Callable[[Any], Any]) -> bool:
    """Whether it is a possible number, or a scalar array that is not known while tracing."""
    if isinstance(value, Array | np.ndarray | np.generic):
        if value.shape or not jnp.issubdtype(value.dtype, jnp.floating):
            return False
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return bool(possible(value))
    except jax.errors.ConcretizationTypeError:  # while tracing
        return True
