"""What made a dataset, from its attributes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import xarray as xr

from parasim._errors import ConfigError


@dataclass(frozen=True)
class RunRecord:
    """How a dataset came to be; analyses keep it.

    Attributes:
        status: "running", "complete", "interrupted" or "failed".
        configuration: everything that decided the result: system, parameters, times, solver, ...
        versions: of the packages that computed it, by name.
        attributes: all other root attributes, such as `title`, `seed`, `command` and `device`.
    """

    status: str
    configuration: Mapping[str, Any]
    versions: Mapping[str, str]
    attributes: Mapping[str, Any]


def run_record(dataset: xr.Dataset) -> RunRecord:
    """Return what made a dataset.

    Raises:
        ConfigError: it was not made by parasim.
    """
    attributes = {str(name): _decoded(value) for name, value in dataset.attrs.items()}
    try:
        return RunRecord(
            status=attributes.pop("status"),
            configuration=_read_only(attributes.pop("configuration")),
            versions=_read_only(attributes.pop("versions")),
            attributes=_read_only(attributes),
        )
    except KeyError as error:
        raise ConfigError(
            f"the dataset has no attribute {error}, so it does not say what made it: give one that "
            "parasim wrote, or one computed from it that has kept its attributes"
        ) from error


def _decoded(value: Any) -> Any:
    """Return an attribute; structured ones are JSON in a string, as NetCDF has none."""
    if not (isinstance(value, str) and value.startswith(("{", "["))):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _read_only(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({name: _read_only(item) for name, item in value.items()})
    return tuple(map(_read_only, value)) if isinstance(value, list) else value
