"""How much memory there is."""

import os
from typing import Any

import jax


def main_memory() -> int | None:
    """Return the bytes of memory that this machine has; None where that is not to be had."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def device_memory(device: Any = None) -> int | None:
    """Return the bytes that a device has, by default jax's; None where that is not to be had."""
    device = device or jax.devices()[0]
    return (device.memory_stats() or {}).get("bytes_limit") or main_memory()


def size_text(count: int) -> str:
    """Return a number of bytes as text."""
    return f"{count / 1e9:.3g} GB"
