"""Which devices there are: the one that jax computes on, and the host's CPU beside it.

To a type checker `jax.Device` is no type, hence `Any`.
"""

from typing import Any

import equinox as eqx
import jax


def device_in_use() -> Any:
    """Return the device that jax computes on, at present: `jax.default_device` can change it."""
    chosen = jax.config.jax_default_device  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(chosen, str):
        return jax.local_devices(backend=chosen)[0]
    return chosen or jax.local_devices()[0]


def host_beside() -> Any:
    """Return the host's CPU; None where jax computes on it anyway, or must not use it."""
    if device_in_use().platform == "cpu":
        return None
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX_PLATFORMS leaves it out
        return None


def placed(tree: Any, device: Any) -> Any:
    """Return a tree whose arrays are on a device; None leaves them where they are."""
    if device is None:
        return tree
    arrays, others = eqx.partition(tree, eqx.is_array)
    return eqx.combine(jax.device_put(arrays, device), others)
