"""Checks of numbers that users give."""

from typing import Any

from parasim._errors import ConfigError


def check_positive_int(name: str, value: Any) -> None:
    """Raise ConfigError unless the value is an int of at least 1 that fits 32 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise ConfigError(f"{name} must be a positive Python int below 2**31, not {value!r}")
