"""The attributes that say what made a store: configuration, versions, seed and command."""

import dataclasses
import json
import platform
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import jax
import numpy as np

from parasim.io._create import MARK

_PACKAGES = ("parasim", "jax", "jaxlib", "diffrax", "equinox", "numpy", "zarr", "xarray")

STORE_VERSION = 1


def root_attributes(
    *,
    title: str,
    citation: str,
    configuration: Mapping[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Collect the root attributes of a store, as strings and numbers only.

    Structured ones are JSON in a string, so that a dataset with them can be saved as NetCDF too.

    Arguments:
        title: one line about the system.
        citation: where the equations come from.
        configuration: everything that decides the result, resolved.
        seed: of the initial state.
    """
    device = jax.devices()[0]
    attributes: dict[str, Any] = {
        "title": title,
        "references": citation,
        "status": "running",
        "configuration": json.dumps(configuration),
        "seed": seed,
        "command": shlex.join(sys.argv),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": json.dumps({name: version(name) for name in _PACKAGES}),
        "python": platform.python_version(),
        "platform": device.platform,
        "device": device.device_kind,
        MARK: STORE_VERSION,
    }
    return {name: value for name, value in attributes.items() if value != ""}


def as_json(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers and containers as they are, others by name."""
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, int | float | np.number):
        return value.item() if isinstance(value, np.number) else value
    if isinstance(value, np.ndarray) and value.size <= 1000:
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"class": _qualified(type(value)), **items}
    return _qualified(value if hasattr(value, "__qualname__") else type(value))


def _qualified(named: Any) -> str:
    """Return the full name of a class or a function."""
    return f"{named.__module__}.{named.__qualname__}"
