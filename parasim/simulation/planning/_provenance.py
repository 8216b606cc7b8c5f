"""The attributes that say what made a store: configuration, versions, seed and command."""

import dataclasses
import hashlib
import json
import platform
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import diffrax
import jax
import numpy as np

import parasim
from parasim.io._order import ATTRIBUTE as VARIABLES
from parasim.plugins._discovery import Plugin
from parasim.simulation.planning._model import Model, one_run
from parasim.simulation.planning._runs import Runs
from parasim.simulation.provenance._citations import run_bibtex
from parasim.simulation.provenance._code_origins import code_origins
from parasim.simulation.provenance._environment import (
    environment,
    package_versions,
    working_directory,
)
from parasim.simulation.provenance._git import git_state

_CONVENTIONS = "CF-1.11, ACDD-1.3"
_MOST_VALUES = 1000  # that are written out


def root_attributes(
    *,
    model: Model,
    solver: diffrax.AbstractSolver,
    configuration: Mapping[str, Any],
    request: Mapping[str, Any] | None,
    seed: int,
    used: Iterable[Plugin] = (),
) -> dict[str, Any]:
    """Collect the root attributes of a store, as strings and numbers only.

    Structured ones are JSON in a string, so that a dataset with them can be saved as NetCDF too.
    The names of the others are those of the CF and ACDD conventions, where they have one.

    Arguments:
        model: what is integrated.
        solver: the inner solver.
        configuration: everything that decides the result, resolved.
        request: what was asked for, from which the same run can be made again; None if a vector
            field or a solver was given that cannot be written down.
        seed: of the initial state.
        used: the plugins that were found by name, parasim's own too.
    """
    device, versions = jax.devices()[0], package_versions()
    plugins = code_origins([model.rule, solver])
    title = f"{model.name}: {model.description}" if model.description else model.name
    method = type(solver).__name__
    unit = "" if model.time_unit == "1" else f" {model.time_unit}"
    attributes: dict[str, Any] = {
        "Conventions": _CONVENTIONS,
        "title": title,
        "summary": f"Trajectories of {title}. Integrated by {method} in steps of "
        f"{configuration['dt']:g}{unit}; along `window` is what was decided and measured in each "
        "window of steps.",
        "source": f"parasim {parasim.__version__}, diffrax {versions['diffrax']} ({method})",
        "history": history_line(),
        "references": model.citation,
        "date_created": _now(),
        "configuration": json.dumps(configuration),
        "request": "" if request is None else json.dumps(request),
        VARIABLES: json.dumps(model.variables),
        "seed": seed,
        "command": shlex.join(sys.argv),
        "versions": json.dumps(versions),
        "plugins": json.dumps(plugins),
        "components": json.dumps(_components(used)),
        "git": json.dumps(_git(plugins)),
        "environment": json.dumps(environment()),
        "bibtex": run_bibtex(model, solver),
        "python": platform.python_version(),
        "platform": device.platform,
        "device": device.device_kind,
    }
    return {name: value for name, value in attributes.items() if value != ""}


def _components(used: Iterable[Plugin]) -> list[dict[str, str]]:
    """Say of each plugin what it is and who brought it, which a name alone does not."""
    names = ("group", "name", "distribution", "version")
    return [{name: getattr(plugin, name) for name in names} for plugin in used]


def history_line() -> str:
    """Return what is being done to a store, as the conventions want it: when, and the command."""
    return f"{_now()}: {shlex.join(sys.argv)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git(plugins: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the state of the repositories of parasim, the working directory and plugins."""
    folders = [Path(origin["file"]).parent for origin in plugins if "file" in origin]
    here = working_directory()
    return git_state([Path(parasim.__file__).parent, *([Path(here)] if here else []), *folders])


def fingerprint(model: Model, runs: Runs) -> str:
    """Return a digest of what a vector field computes, whatever its source looks like.

    It is that of its jaxpr, and of the arrays in it: it tells whether the equations have changed
    since a run was begun, with the same version of jax.
    """
    y0, args = one_run(model, runs)
    time = np.zeros((), jax.tree.leaves(y0)[0].dtype)
    traced = jax.make_jaxpr(lambda t, y: model.rule(t, y, args))(time, y0)
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
