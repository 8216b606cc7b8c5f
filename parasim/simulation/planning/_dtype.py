"""The dtype of a run's state, and jax's 64-bit mode, which parasim never switches by itself."""

from typing import Any

import numpy as np

from parasim._errors import ConfigError, near_names
from parasim.simulation.provenance._environment import is_64_bit

ENABLE_64_BIT = 'call jax.config.update("jax_enable_x64", True) before the first use of jax'


def resolve_dtype(dtype: Any) -> np.dtype:
    """Return the dtype of a run's state: by default the widest float that jax is set to.

    Raises:
        ConfigError: it is neither float32 nor float64, or float64 and jax is not set to it.
    """
    if dtype is None:
        return np.dtype("float64" if is_64_bit() else "float32")
    try:
        kind = np.dtype(dtype)
    except (TypeError, ValueError):  # what numpy makes of it, or of its letters
        kind = None
    if kind is None or kind.name not in ("float32", "float64"):
        hint = near_names(str(dtype), ("float32", "float64"))
        raise ConfigError(f"dtype must be float32 or float64, not {dtype!r}: {hint}")
    if kind.name == "float64" and not is_64_bit():
        raise ConfigError(f"dtype float64 needs jax's 64-bit mode: {ENABLE_64_BIT}")
    return kind
