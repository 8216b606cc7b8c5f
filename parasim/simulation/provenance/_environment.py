"""What a run is made with: versions of packages, and the machine."""

import getpass
import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_PACKAGES = (
    "parasim",
    "jax",
    "jaxlib",
    "jax-cuda12-plugin",
    "jax-cuda13-plugin",
    "jax-rocm7-plugin",
    "diffrax",
    "equinox",
    "optimistix",
    "lineax",
    "numpy",
    "zarr",
    "numcodecs",
    "xarray",
)


def is_64_bit() -> bool:
    """Whether jax is set to 64 bits."""
    return jnp.result_type(float) == np.float64


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that decide the numbers or write the file."""
    versions = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def environment() -> dict[str, Any]:
    """Describe the machine, the process and what jax is set to; only what is known is there."""
    known = {
        "host": platform.node(),
        "os": platform.platform(),
        "cpus": os.cpu_count(),
        "devices": jax.device_count(),
        "user": _user(),
        "directory": working_directory(),
        "x64": is_64_bit(),
        "matmul_precision": getattr(jax.config, "jax_default_matmul_precision", None) or "default",
        "xla_flags": os.environ.get("XLA_FLAGS"),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "slurm_array_task": os.environ.get("SLURM_ARRAY_TASK_ID"),
    }
    return {name: value for name, value in known.items() if value not in (None, "")}


def working_directory() -> str:
    """Return the working directory; nothing if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # the variables are not set, and the id has no name
        return ""
