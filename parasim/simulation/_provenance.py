"""The attributes that say what made a store: configuration, versions, seed and command."""

import dataclasses
import hashlib
import json
import platform
import re
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import jax
import numpy as np

from parasim.simulation._model import Model, one_run
from parasim.simulation._runs import Runs

_PACKAGES = ("parasim", "jax", "jaxlib", "diffrax", "equinox", "numpy", "zarr", "xarray")
_MOST_VALUES = 1000  # that are written out


def root_attributes(
    *,
    title: str,
    citation: str,
    configuration: Mapping[str, Any],
    request: Mapping[str, Any] | None,
    seed: int,
) -> dict[str, Any]:
    """Collect the root attributes of a store, as strings and numbers only.

    Structured ones are JSON in a string, so that a dataset with them can be saved as NetCDF too.

    Arguments:
        title: one line about the system.
        citation: where the equations come from.
        configuration: everything that decides the result, resolved.
        request: what was asked for, from which the same run can be made again; None if a vector
            field or a solver was given that cannot be written down.
        seed: of the initial state.
    """
    device = jax.devices()[0]
    attributes: dict[str, Any] = {
        "title": title,
        "references": citation,
        "configuration": json.dumps(configuration),
        "request": "" if request is None else json.dumps(request),
        "seed": seed,
        "command": shlex.join(sys.argv),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": json.dumps({name: version(name) for name in _PACKAGES}),
        "python": platform.python_version(),
        "platform": device.platform,
        "device": device.device_kind,
    }
    return {name: value for name, value in attributes.items() if value != ""}


def fingerprint(model: Model, runs: Runs) -> str:
    """Return a digest of what a vector field computes, whatever its source looks like.

    It is that of its jaxpr, and of the arrays in it: it tells whether the equations have changed
    since a run was begun, with the same version of jax.
    """
    y0, args = one_run(model, runs)
    time = np.zeros((), jax.tree.leaves(y0)[0].dtype)
    traced = jax.make_jaxpr(lambda t, y: model.vector_field(t, y, args))(time, y0)
    text = re.sub(r"0x[0-9a-f]+", "", str(traced.jaxpr))  # where functions happen to be in memory
    digest = hashlib.sha256(text.encode())
    for constant in traced.consts:
        digest.update(np.asarray(constant).tobytes())
    return digest.hexdigest()[:16]


def as_json(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers and containers as they are, others by name."""
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, int | float | np.number):
        return value.item() if isinstance(value, np.number) else value
    if isinstance(value, np.ndarray):
        if value.size <= _MOST_VALUES:
            return value.tolist()
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"shape": list(value.shape), "sha256": digest[:16]}
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
