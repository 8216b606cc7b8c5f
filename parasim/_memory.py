"""How much memory there is."""

import os

import jax


def main_memory() -> int | None:
    """Return the bytes of memory that this machine has; None where that is not to be had."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def device_memory() -> int | None:
    """Return the bytes that jax's default device has; None where that is not to be had."""
    return (jax.devices()[0].memory_stats() or {}).get("bytes_limit") or main_memory()


def size_text(count: int) -> str:
    """Return a number of bytes as text."""
    return f"{count / 1e9:.3g} GB"
