"""What a store was made with, as `parasim show-config` shows it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Value(NamedTuple):
    """A value of a configuration.

    Attributes:
        key: as in a run file; those in tables with a dot, such as `set.rho`.
        value: as it is used.
        origin: where it comes from.
    """

    key: str
    value: Any
    origin: str


def stored_values(store: str) -> list[Value]:
    """Return everything that decided the result of a run, and the versions that it was made with.

    Raises:
        StoreError: the store cannot be read.
    """
    from parasim.simulation import stored_attributes

    attributes = stored_attributes(store)
    versions = {"python": attributes["python"], **attributes["versions"]}
    said = {
        **attributes["configuration"],
        "command": attributes["command"],
        "device": f"{attributes['platform']} ({attributes['device']})",
        "versions": versions,
    }
    request = attributes.get("request", {})
    return [Value(key, value, _origin(key, request)) for key, value in _flattened(said)]


def _origin(key: str, request: Mapping[str, Any]) -> str:
    """Say of parameters and initial values whether they were given; of others that they are so."""
    table, _, name = key.partition(".")
    if table not in ("set", "y0") or not request:
        return "recorded"
    return "given" if name in request.get(table, {}) else "default of the system"


def _flattened(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield values by their whole names; a class by its own, before its attributes."""
    for name, value in values.items():
        key = f"{before}{name}"
        if not isinstance(value, Mapping):
            yield key, value
            continue
        if "class" in value:
            yield key, str(value["class"]).rpartition(".")[2]
        rest = {name: item for name, item in value.items() if name != "class"}
        yield from _flattened(rest, f"{key}.")
