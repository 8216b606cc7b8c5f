"""The registry: the one place where a name finds a plugin, parasim's own and others' alike.

A plugin is imported when its name is used, never before, and never while jax traces. Whatever is
wrong with one plugin stops nobody who does not use it.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from parasim._errors import (
    ConfigError,
    IncompatiblePlugin,
    PluginError,
    PluginWarning,
    UnknownPlugin,
    near_names,
)
from parasim.plugins._discovery import KINDS, Plugin, public_name, scan
from parasim.plugins._loading import (
    DISABLE,
    forget_outcomes,
    load_plugin,
    make_from,
    outcome_of,
)

_disabled: ContextVar[tuple[str, ...]] = ContextVar("parasim_disabled_plugins", default=())


class Entry(NamedTuple):
    """A plugin and its state.

    Attributes:
        plugin: which.
        state: "available", "loaded", "broken", "incompatible", "disabled" or "shadowed".
        error: why it is broken or incompatible.
    """

    plugin: Plugin
    state: str
    error: PluginError | None = None


def entries(group: str) -> tuple[Entry, ...]:
    """Return all plugins of a group with their states, in the order of `scan`; loads none."""
    patterns, used = _patterns(), set()
    found = []
    for plugin in scan(group):
        if {public_name(plugin.distribution), f"{group}:{plugin.name}"} & patterns:
            found.append(Entry(plugin, "disabled"))
        elif plugin.name in used:
            found.append(Entry(plugin, "shadowed"))
        else:
            found.append(_used(plugin))
            used.add(plugin.name)
    return tuple(found)


def _used(plugin: Plugin) -> Entry:
    outcome = outcome_of(plugin)
    if outcome is None:
        return Entry(plugin, "available")
    if isinstance(outcome, PluginError):
        state = "incompatible" if isinstance(outcome, IncompatiblePlugin) else "broken"
        return Entry(plugin, state, outcome)
    return Entry(plugin, "loaded")


def names(group: str) -> tuple[str, ...]:
    """Return the names that can be used in a group, in alphabetical order; loads nothing."""
    return tuple(sorted(e.plugin.name for e in entries(group) if _usable(e)))


def _usable(entry: Entry) -> bool:
    return entry.state not in ("disabled", "shadowed")


def find(group: str, name: Any) -> Plugin:
    """Return the plugin that a name means, without loading it.

    Arguments:
        group: one of `KINDS`.
        name: `_` may stand for `-`, and upper case for lower.

    Raises:
        UnknownPlugin: there is none, or it is disabled.
    """
    if not isinstance(name, str):
        raise ConfigError(f"the name of a {KINDS[group]} is a string, not {name!r}")
    public = public_name(name)
    same = [e for e in entries(group) if e.plugin.name == public]
    chosen = [e.plugin for e in same if _usable(e)]
    if not chosen:
        raise UnknownPlugin(_unknown(group, name, disabled=bool(same)))
    for entry in same:
        if entry.state == "shadowed":
            _warn_of_shadowed(entry.plugin, chosen[0])
    return chosen[0]


def _unknown(group: str, name: str, *, disabled: bool) -> str:
    if disabled:
        return f"the {KINDS[group]} {name!r} is disabled, by {DISABLE} or the run file"
    hint = near_names(public_name(name), names(group))
    if not hint.startswith("did you mean"):
        hint += "; if another package brings it, install that one here (see `parasim plugins list`)"
    return f"there is no {KINDS[group]} {name!r}: {hint}"


@cache  # so that it is said once
def _warn_of_shadowed(plugin: Plugin, chosen: Plugin) -> None:
    warnings.warn(
        f"two distributions have a {KINDS[plugin.group]} {plugin.name!r}: that of {chosen.origin} "
        f"is used, not that of {plugin.origin}; disable one with {DISABLE}",
        PluginWarning,
        stacklevel=4,
    )


def load(group: str, name: Any) -> Any:
    """Return the object behind a name: imported at the first call, kept for the next ones.

    Raises:
        UnknownPlugin: there is none, or it is disabled.
        BrokenPlugin: it cannot be imported, or is of the wrong type; the same at every call.
        IncompatiblePlugin: it was written for another version of parasim's interface.
    """
    return load_plugin(find(group, name))


def make(group: str, name: Any, /, *arguments: Any, **options: Any) -> Any:
    """Call the function behind a name, and return what it makes.

    Raises:
        ConfigError: as the function does, if what it was given is wrong.
        UnknownPlugin: there is none, or it is disabled.
        BrokenPlugin: it cannot be loaded, fails otherwise, or makes something of the wrong type.
        IncompatiblePlugin: it was written for another version of parasim's interface.
    """
    return make_from(find(group, name), *arguments, **options)


@contextmanager
def disabling(patterns: tuple[str, ...]) -> Iterator[None]:
    """Leave out plugins until the `with` ends.

    Arguments:
        patterns: names of distributions, or `group:name`.
    """
    token = _disabled.set((*_disabled.get(), *patterns))
    try:
        yield
    finally:
        _disabled.reset(token)


def _patterns() -> set[str]:
    """Return what is disabled: distributions, and names in groups."""
    given = [*os.environ.get(DISABLE, "").split(","), *_disabled.get()]
    return {public_name(pattern).removeprefix("parasim.") for pattern in given}


def refresh() -> None:
    """Forget what was found and loaded, as after an installation."""
    scan.cache_clear()
    _warn_of_shadowed.cache_clear()
    forget_outcomes()
