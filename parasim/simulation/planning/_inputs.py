"""Data that drive parameters: from what the user names to a driven vector field."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parasim._errors import ConfigError, near_names
from parasim._numbers import shown
from parasim.io._forcing import Forcing, read_forcing
from parasim.plugins import System
from parasim.plugins._drive import drive
from parasim.simulation.planning._grid import Grid
from parasim.simulation.planning._model import Model


@dataclass(frozen=True)
class InputFile:
    """A variable in a file that drives a parameter.

    Attributes:
        file: NetCDF, zarr, or CSV with a time column.
        variable: its name there; by default that of the parameter.
        interpolation: "linear" or "cubic".
        epoch: the date at model time 0, if the file has dates.
    """

    file: Path
    variable: str | None = None
    interpolation: str = "linear"
    epoch: str | None = None


def driven_model(
    model: Model,
    system: Any,
    inputs: Mapping[str, Any] | None,
    *,
    params: Any,
    grid: Grid,
    dtype: np.dtype,
) -> tuple[Model, dict[str, Forcing]]:
    """Let parameters of a model follow data.

    Arguments:
        model: with constant parameters.
        system: that the model was made from, for the units and ranges of its parameters.
        inputs: by name of the parameter: a `Forcing`, an `InputFile` or what it is made of, a
            file, or a pair of file and variable.
        params: what the user set; a parameter cannot be set and driven.
        grid: the times that the data must cover.
        dtype: of the state.

    Returns:
        The model, and the records by name of the parameter.

    Raises:
        ConfigError: a name is unknown or set too, or the data do not fit.
    """
    if inputs is None:
        return model, {}
    if not isinstance(inputs, Mapping):
        raise ConfigError(f"inputs must be a dictionary by name of the parameter, not {inputs!r}")
    if inputs and not (params is None or isinstance(params, Mapping)):
        raise ConfigError(
            "params must be a dictionary by name where inputs drive some of them, not "
            f"{shown(params)}"
        )
    forcings = {}
    for name, source in inputs.items():
        _check_driven(name, system, params)
        forcing = _read(name, source, model.time_unit)
        forcing.check_covers(grid.t0, grid.t1)
        if isinstance(system, System):
            parameter = system.params[name]
            forcing.check_within(parameter.minimum, parameter.maximum, parameter.unit)
        forcings[name] = forcing
    if not forcings:
        return model, {}
    paths = {name: forcing.interpolant(dtype) for name, forcing in forcings.items()}
    settings = {name: value for name, value in model.settings.items() if name not in forcings}
    field = drive(model.rule, paths)
    return dataclasses.replace(model, rule=field, settings=settings), forcings


def _check_driven(name: str, system: Any, params: Any) -> None:
    """Refuse to drive a parameter that there is not, or that has a value."""
    if isinstance(system, System) and name not in system.params:
        raise ConfigError(
            f"{system.name} has no parameter {name!r} to drive: {near_names(name, system.params)}"
        )
    if isinstance(params, Mapping) and name in params:
        raise ConfigError(f"{name} is both set and driven by data: leave out one of them")


def _read(name: str, source: Any, time_unit: str) -> Forcing:
    """Read what drives a parameter, unless it has been read already."""
    if isinstance(source, Forcing):
        return source
    file = input_file(f"inputs: {name}", source)
    if file is None:
        raise ConfigError(
            f"inputs: {name} must be a Forcing, a file, a pair (file, variable), or a dictionary "
            f"as a run file has it, not {source!r}"
        )
    return read_forcing(
        file.file,
        file.variable or name,
        time_unit=time_unit,
        epoch=file.epoch,
        interpolation=file.interpolation,  # type: ignore[arg-type] - checked there
    )


def input_file(where: str, source: Any) -> InputFile | None:
    """Return the file that a user names, in one of the ways there are; None if it is none of them.

    Raises:
        ConfigError: a dictionary lacks the file, or has an unknown key.
    """
    if isinstance(source, InputFile):
        return source
    if isinstance(source, str | Path):
        return InputFile(Path(source))
    if isinstance(source, tuple | list) and len(source) == 2:
        return InputFile(Path(source[0]), str(source[1]))
    return input_table(where, source) if isinstance(source, Mapping) else None


def input_table(where: str, given: Mapping[str, Any]) -> InputFile:
    """Return the file that a table of a run file names.

    Raises:
        ConfigError: the file is missing, or a key is unknown.
    """
    known = [field.name for field in dataclasses.fields(InputFile)]
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}: {near_names(str(key), known)}")
    if "file" not in given:
        raise ConfigError(f"{where}: file is missing: name the file with the data")
    return InputFile(**{**given, "file": Path(given["file"])})


def describe_inputs(forcings: Mapping[str, Forcing]) -> dict[str, dict[str, Any]]:
    """Say where each driven parameter's data come from, for the attributes of a store."""
    return {
        name: {
            "file": str(forcing.source.absolute()),
            "variable": forcing.variable,
            "unit": forcing.unit,
            "interpolation": forcing.interpolation,
            "values": forcing.total,
            "gaps_interpolated": forcing.filled,
            "left_out_at_the_ends": forcing.trimmed,
            "sha256": _digest(forcing),
        }
        for name, forcing in forcings.items()
    }


def _digest(forcing: Forcing) -> str:
    """Return what tells a record from another one in the same file."""
    numbers = np.stack([forcing.times, forcing.values])
    return hashlib.sha256(numbers.tobytes()).hexdigest()[:16]
