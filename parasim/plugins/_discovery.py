"""What is installed: the entry points of all distributions, read without importing any of them."""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

KINDS = {
    "systems": "system",
    "integrators": "solver",
    "sinks": "sink",
    "analyses": "analysis",
    "commands": "command",
}
OWN = "parasim"
_UNSAID = "?"


class Plugin(NamedTuple):
    """Something that a distribution offers by name.

    Attributes:
        group: one of `KINDS`; the entry-point group is `parasim.` and that.
        name: lower case, with hyphens.
        distribution: its name.
        version: of the distribution.
        entry_point: where the object is, `package.module:attribute`.
    """

    group: str
    name: str
    distribution: str
    version: str
    entry_point: EntryPoint

    @property
    def own(self) -> bool:
        """Whether parasim brings it itself."""
        return self.distribution == OWN

    @property
    def target(self) -> tuple[str, str]:
        """The module and the attribute that are meant, however the entry point is written."""
        module, _, attribute = self.entry_point.value.partition("[")[0].partition(":")
        return module.strip(), attribute.strip()

    @property
    def origin(self) -> str:
        """Where it comes from, for messages."""
        return f"{self.distribution} {self.version}, {self.entry_point.value}"


def public_name(name: str) -> str:
    """Return a name as it is listed: upper case and `_` may be written for lower case and `-`."""
    return name.strip().lower().replace("_", "-")


@cache
def scan(group: str) -> tuple[Plugin, ...]:
    """Return what is installed in a group; imports nothing, and reads the disk once per process.

    Returns:
        In an order that depends on nothing but what is installed: parasim's own first, then by
        name, then by distribution.
    """
    return tuple(sorted(map(_plugin, _of(group)), key=_order))


def _of(group: str) -> Iterable[EntryPoint]:
    return entry_points(group=f"parasim.{group}")


def _plugin(entry_point: EntryPoint) -> Plugin:
    group = entry_point.group.removeprefix("parasim.")
    try:
        said: Any = entry_point.dist.metadata  # pyright: ignore[reportOptionalMemberAccess]
        origin = said.get("Name") or _UNSAID, said.get("Version") or _UNSAID
    except FileNotFoundError:  # an installation that broke off may have nothing but entry points
        origin = _UNSAID, _UNSAID
    return Plugin(group, public_name(entry_point.name), *origin, entry_point)


def _order(plugin: Plugin) -> tuple[object, ...]:
    return (not plugin.own, plugin.name, plugin.distribution, plugin.entry_point.value)
