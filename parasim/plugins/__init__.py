"""Systems, and the registry: the one place where a name finds a system, a solver, a sink...

Its names are loaded when they are first used, so that what is installed can be listed in no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parasim.plugins._initial_state import fixed_state as fixed_state
    from parasim.plugins._system import (
        Parameter as Parameter,
        Reset as Reset,
        System as System,
        Variable as Variable,
    )
    from parasim.plugins._systems import (
        build_system as build_system,
        get_system as get_system,
        system_names as system_names,
    )
    from parasim.plugins._truth import QUANTITIES as QUANTITIES, Truth as Truth

_HOME = {
    "QUANTITIES": "_truth",
    "Parameter": "_system",
    "Reset": "_system",
    "System": "_system",
    "Truth": "_truth",
    "Variable": "_system",
    "build_system": "_systems",
    "fixed_state": "_initial_state",
    "get_system": "_systems",
    "system_names": "_systems",
}

__all__ = list(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'parasim.plugins' has no attribute {name!r}")
    return getattr(import_module(f"parasim.plugins.{_HOME[name]}"), name)
