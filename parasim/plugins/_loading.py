"""Loads plugins, and keeps what is wrong with them."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

from parasim._errors import (
    BrokenPlugin,
    IncompatiblePlugin,
    ParasimError,
    PluginError,
    first_line,
)
from parasim.plugins._discovery import KINDS, Plugin

API_VERSION = 1
API_ATTRIBUTE = "PARASIM_API"  # of the module behind an entry point; without it the version is 1
DISABLE = "PARASIM_DISABLE_PLUGINS"

# What functions of a group make, and what objects of a group are; named, so that nothing is
# imported before it is needed.
_MAKES = {
    "systems": "parasim.plugins:System",
    "integrators": "diffrax:AbstractSolver",
    "sinks": "parasim.io:Sink",
}
_IS = {"commands": "click:Command"}

_outcomes: dict[Plugin, Any] = {}  # what was loaded, or the error that is raised again


def outcome_of(plugin: Plugin) -> Any:
    """Return what a plugin was loaded as, or the error that came of it; None before."""
    return _outcomes.get(plugin)


def forget_outcomes() -> None:
    """Have every plugin loaded anew."""
    _outcomes.clear()


def load_plugin(plugin: Plugin) -> Any:
    """Return the object behind a plugin: imported at the first call, kept for the next ones.

    Raises:
        BrokenPlugin: it cannot be imported, or is of the wrong type; the same at every call.
        IncompatiblePlugin: it was written for another version of parasim's interface.
    """
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
    what = "cannot be loaded"
    module = _guarded(plugin, what, lambda: import_module(plugin.target[0]), passed=())
    version = getattr(module, API_ATTRIBUTE, 1)
    if version != API_VERSION:
        raise IncompatiblePlugin(
            f"{_name(plugin)} is for version {version!r} of parasim's plugin interface, and this "
            f"parasim has version {API_VERSION}: install releases of parasim and "
            f"{plugin.distribution} that fit"
        )
    loaded = _guarded(plugin, what, plugin.entry_point.load, passed=())
    if not callable(loaded):
        raise _of_wrong_type(plugin, "is", loaded, "a function or a class")
    if plugin.group in _IS:
        _check_type(plugin, "is", loaded, _IS[plugin.group])
    return loaded


def make_from(plugin: Plugin, /, *arguments: Any, **options: Any) -> Any:
    """Load a plugin, call what is behind it, and check what it makes.

    Raises:
        ConfigError: as the function does, if what it was given is wrong.
        BrokenPlugin: it cannot be loaded, fails otherwise, or makes something of the wrong type.
        IncompatiblePlugin: it was written for another version of parasim's interface.
    """
    function = load_plugin(plugin)
    made = _guarded(plugin, "fails", lambda: function(*arguments, **options), passed=ParasimError)
    _check_type(plugin, "makes something", made, _MAKES[plugin.group])
    return made


def _check_type(plugin: Plugin, what: str, value: Any, expected: str) -> None:
    module, _, name = expected.partition(":")
    if not isinstance(value, getattr(import_module(module), name)):
        raise _of_wrong_type(plugin, what, value, f"a {module}.{name}")


def _of_wrong_type(plugin: Plugin, what: str, value: Any, expected: str) -> BrokenPlugin:
    return BrokenPlugin(
        f"{_name(plugin)} {what} of type {type(value).__name__}, where {expected} is needed"
    )


def _guarded(plugin: Plugin, what: str, action: Callable[[], Any], *, passed: Any) -> Any:
    """Run code of a plugin's: what it prints goes to stderr, and its error becomes ours.

    Arguments:
        plugin: whose code.
        what: what went wrong if it raises, for the message.
        action: the code.
        passed: the errors that stay as they are.
    """
    try:
        with redirect_stdout(sys.stderr):  # stdout may be somebody's JSON
            return action()
    except passed:
        raise
    # Anything can be wrong with other people's code, and it must not stop those who do not use it;
    # nowhere else is an error of any kind caught. SystemExit and Ctrl-C pass.
    except Exception as error:
        raise BrokenPlugin(
            f"{_name(plugin)} {what}: {type(error).__name__}: {first_line(error)}. "
            f"Mend or uninstall {plugin.distribution}, or set {DISABLE}={plugin.distribution}"
        ) from error


def _name(plugin: Plugin) -> str:
    return f"the {KINDS[plugin.group]} {plugin.name!r} of {plugin.origin}"
