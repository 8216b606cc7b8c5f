"""The registry: the one place where a name finds a plugin, parasim's own and others' alike.

A plugin is imported when its name is used, never before, and never while jax traces. Whatever is
wrong with one plugin stops nobody who does not use it.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from parasim._errors import (
    BrokenPlugin,
    ConfigError,
    IncompatiblePlugin,
    ParasimError,
    PluginError,
    PluginWarning,
    UnknownPlugin,
    first_line,
    near_names,
)
from parasim.plugins._discovery import KINDS, Plugin, public_name, scan

API_VERSION = 1
API_ATTRIBUTE = "PARASIM_API"  # of the module behind an entry point; without it the version is 1
DISABLE = "PARASIM_DISABLE_PLUGINS"

_disabled: ContextVar[tuple[str, ...]] = ContextVar("parasim_disabled_plugins", default=())
_outcomes: dict[Plugin, Any] = {}  # what was loaded, or the error that is raised again


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
    used: set[str] = set()
    found = []
    for plugin in scan(group):
        found.append(_entry(plugin, plugin.name in used))
        if found[-1].state != "disabled":
            used.add(plugin.name)
    return tuple(found)


def _entry(plugin: Plugin, taken: bool) -> Entry:
    if _is_disabled(plugin):
        return Entry(plugin, "disabled")
    if taken:
        return Entry(plugin, "shadowed")
    outcome = _outcomes.get(plugin)
    if isinstance(outcome, PluginError):
        state = "incompatible" if isinstance(outcome, IncompatiblePlugin) else "broken"
        return Entry(plugin, state, outcome)
    return Entry(plugin, "loaded" if plugin in _outcomes else "available")


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


def load_plugin(plugin: Plugin) -> Any:
    """Load a plugin that was found; as `load`."""
    if plugin not in _outcomes:
        try:
            _outcomes[plugin] = _load(plugin)
        except PluginError as error:
            _outcomes[plugin] = error
    outcome = _outcomes[plugin]
    if isinstance(outcome, PluginError):
        raise outcome.with_traceback(None)
    return outcome


def _load(plugin: Plugin) -> Any:
    loaded, version = guarded(plugin, "cannot be loaded", lambda: _import(plugin))
    if version != API_VERSION:
        raise IncompatiblePlugin(
            f"{_name(plugin)} is for version {version!r} of parasim's plugin interface, and this "
            f"parasim has version {API_VERSION}: install releases of parasim and "
            f"{plugin.distribution} that fit"
        )
    if not callable(loaded):
        raise BrokenPlugin(
            f"{_name(plugin)} cannot be called, and must be a function or a class: "
            f"it is of type {type(loaded).__name__}"
        )
    return loaded


def _import(plugin: Plugin) -> tuple[Any, Any]:
    module = import_module(plugin.entry_point.module)
    return plugin.entry_point.load(), getattr(module, API_ATTRIBUTE, 1)


def guarded(plugin: Plugin, what: str, action: Callable[[], Any]) -> Any:
    """Run code of a plugin's: what it prints goes to stderr, and its error becomes ours.

    Arguments:
        plugin: whose code.
        what: what went wrong if it raises, for the message.
        action: the code.

    Raises:
        BrokenPlugin: with the error as its cause; errors of parasim's own pass.
    """
    try:
        with redirect_stdout(sys.stderr):  # stdout may be somebody's JSON
            return action()
    except ParasimError:
        raise
    except Exception as error:  # anything can be wrong with other people's code: only here
        raise BrokenPlugin(
            f"{_name(plugin)} {what}: {type(error).__name__}: {first_line(error)}. "
            f"Mend or uninstall {plugin.distribution}, or set {DISABLE}={plugin.distribution}"
        ) from error


def _name(plugin: Plugin) -> str:
    return f"the {KINDS[plugin.group]} {plugin.name!r} of {plugin.origin}"


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


def _is_disabled(plugin: Plugin) -> bool:
    given = [*os.environ.get(DISABLE, "").split(","), *_disabled.get()]
    patterns = {public_name(pattern).removeprefix("parasim.") for pattern in given}
    own = (public_name(plugin.distribution), f"{plugin.group}:{plugin.name}")
    return any(pattern in patterns for pattern in own)


def refresh() -> None:
    """Forget what was found and loaded, as after an installation."""
    scan.cache_clear()
    _warn_of_shadowed.cache_clear()
    _outcomes.clear()
