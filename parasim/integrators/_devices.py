"""Which devices there are: the one that jax computes on, and the host's CPU beside it."""

import jax


def device_in_use() -> jax.Device:
    """Return the device that jax computes on, at present: `jax.default_device` can change it."""
    chosen = jax.config.jax_default_device
    if isinstance(chosen, str):
        return jax.local_devices(backend=chosen)[0]
    return chosen or jax.local_devices()[0]


def host_beside() -> jax.Device | None:
    """Return the host's CPU; None where jax computes on it anyway, or must not use it."""
    if device_in_use().platform == "cpu":
        return None
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX_PLATFORMS leaves it out
        return None
