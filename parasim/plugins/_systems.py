"""Systems by name: from the registry, with their structural options and their parameters."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from parasim._errors import ConfigError, near_names
from parasim._numbers import whole_number
from parasim.plugins._loading import load_plugin, make_from
from parasim.plugins._own_code import names_code, own_system_factory
from parasim.plugins._registry import find, names
from parasim.plugins._system import System


def system_names() -> tuple[str, ...]:
    """List the systems that there are, in alphabetical order, without importing any of them."""
    return names("systems")


def get_system(name: str, **options: int) -> System:
    """Build the system of that name, with its structural options.

    Arguments:
        name: as in `system_names()`; `_` may stand for `-`, and upper case for lower.
        options: whole numbers that shape the state, such as `sites=36` for lorenz96; those that
            are left out have their defaults.

    Returns:
        The system. Its parameters have their default values.

    Raises:
        ConfigError: there is no such system or option, or an option is no whole number or one
            that the system cannot have.
        BrokenPlugin, IncompatiblePlugin: another package brings it, and it cannot be used.
    """
    public, factory = _factory(name)
    known = inspect.signature(factory).parameters
    for option in options:
        if option not in known:
            raise ConfigError(f"{public} has no option {option!r}: {near_names(option, known)}")
    return factory(**{key: whole_number(f"{public}: {key}", options[key]) for key in options})


def build_system(name: str, settings: Mapping[str, float]) -> tuple[System, dict[str, float]]:
    """Build a system from one list of settings, structural options and parameters together.

    This is what `--set sites=36 --set F=8` means: `sites` shapes the state and goes to the
    function that builds the system, `F` is a parameter.

    Arguments:
        name: as for `get_system`.
        settings: options and parameters by name.

    Returns:
        The system, and the value of every one of its parameters (`System.resolve`).

    Raises:
        ConfigError: a name is unknown, or a value has the wrong type or is out of range.
    """
    public, factory = _factory(name)
    known = inspect.signature(factory).parameters
    system = get_system(name, **{key: settings[key] for key in settings if key in known})  # pyright: ignore[reportArgumentType]
    params = {key: value for key, value in settings.items() if key not in known}
    for key in params:
        if key not in system.params:
            hint = near_names(key, [*known, *system.params])
            raise ConfigError(f"{public} has no option or parameter {key!r}: {hint}")
    return system, system.resolve(params)


def _factory(name: str) -> tuple[str, Callable[..., System]]:
    """Return the public name, and the function that builds the system."""
    if names_code(name):
        return name, own_system_factory(name)
    plugin = find("systems", name)

    @wraps(load_plugin(plugin))
    def build(**options: Any) -> System:
        return make_from(plugin, **options)

    return plugin.name, build
