"""Numbers that users give: what counts as one, and what is said where it is none."""

import math
import operator
from typing import Any

import numpy as np

from parasim._errors import ConfigError


def as_float(value: Any) -> float:
    """Return a number as a float: infinite if it is too large for one, NaN if it is no number.

    Arguments:
        value: of any type; an array without axes, of numpy or of jax, is a number.
    """
    if isinstance(value, str | bytes | bool) or np.ndim(value) != 0:
        return math.nan
    if getattr(value, "dtype", np.dtype(float)).kind not in "iuf":
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return math.nan


def finite_number(name: str, value: Any) -> float:
    """Return a finite number as a float.

    Raises:
        ConfigError: it is none.
    """
    number = as_float(value)
    if not math.isfinite(number):
        raise ConfigError(f"{name} must be a finite number, not {shown(value)}")
    return number


def whole_number(name: str, value: Any, *, minimum: int | None = None) -> int:
    """Return a whole number as an int; 36.0 is one, because text and TOML write either.

    Raises:
        ConfigError: it is none, or smaller than the minimum.
    """
    whole = None
    if as_float(value).is_integer() or isinstance(value, int):
        whole = int(value) if isinstance(value, float | np.floating) else _index(value)
    if whole is None or (minimum is not None and whole < minimum):
        at_least = "" if minimum is None else f" of at least {minimum}"
        raise ConfigError(f"{name} must be a whole number{at_least}, not {shown(value)}")
    return whole


def _index(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def shown(value: Any) -> str:
    """Write a value for a message, which need not have all its digits."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}..."
