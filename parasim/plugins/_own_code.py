"""Models of the user's own, by where their code is: `model.py:name` or `package.module:name`."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parasim._errors import ConfigError, first_line, near_names

if TYPE_CHECKING:
    from parasim.plugins._system import System

_FIELD = 3  # t, y, args


def names_code(name: Any) -> bool:
    """Whether a name says where code is."""
    if not isinstance(name, str):
        return False
    where, colon, attribute = name.rpartition(":")
    return bool(colon) and bool(where) and attribute.isidentifier()


def code_place(name: str) -> str:
    """Return the file or the module that a name says, a file with its whole path."""
    where = name.rpartition(":")[0]
    return str(Path(where).absolute()) if where.endswith(".py") else where


def absolute_name(name: str) -> str:
    """Return a name that means the same in any folder; others than those of code as they are."""
    return f"{code_place(name)}:{name.rpartition(':')[2]}" if names_code(name) else name


def own_vector_field(name: str) -> Callable[[Any, Any, Any], Any] | None:
    """Return the vector field that a name means; None if it means a system, or makes one.

    Raises:
        ConfigError: the code cannot be run, or has no such function.
    """
    found = _object(name)
    return found if callable(found) and _takes(found) == _FIELD else None


def own_system_factory(name: str) -> "Callable[..., System]":
    """Return the function of the user's own that builds a system.

    Raises:
        ConfigError: the code cannot be run, or what it makes is no system.
    """
    found = _object(name)
    if _is_system(found):
        return lambda: found

    def build(**options: Any) -> "System":
        made = _guarded(name, lambda: found(**options))
        if not _is_system(made):
            raise ConfigError(
                f"{name} makes {type(made).__name__}: it must be a vector field f(t, y, args), a "
                "parasim.System, or a function that returns one"
            )
        return made

    build.__signature__ = inspect.signature(found)  # type: ignore[attr-defined]
    return build


def _is_system(found: Any) -> bool:
    from parasim.plugins._system import System

    return isinstance(found, System)


def _object(name: str) -> Any:
    """Run the code, once per process, and return what is named in it."""
    place, attribute = code_place(name), name.rpartition(":")[2]
    module = _guarded(name, lambda: _module(place))
    if not hasattr(module, attribute):
        known = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
        raise ConfigError(f"{place} has no {attribute!r}: {near_names(attribute, known)}")
    found = getattr(module, attribute)
    if not callable(found) and not _is_system(found):
        raise ConfigError(
            f"{name} is {type(found).__name__}: it must be a vector field f(t, y, args), a "
            "parasim.System, or a function that returns one"
        )
    return found


@cache
def _module(place: str) -> Any:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = Path(place)
    if not path.is_file():
        raise ConfigError(f"there is no file {place}: check the path")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Under its name, as its code says where it comes from by that; unless somebody has it.
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def _guarded(name: str, work: Callable[[], Any]) -> Any:
    """Turn whatever code of the user's own raises into a message; what it prints goes to stderr."""
    try:
        with redirect_stdout(sys.stderr):  # stdout may be somebody's JSON
            return work()
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # a script may end itself when it is imported
        raise ConfigError(
            f"the code of {name} failed: {type(error).__name__}: {first_line(error)} (--debug "
            "shows where)"
        ) from error


def _takes(function: Callable[..., Any]) -> int:
    """Return how many positional arguments a function must be called with."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in positional and p.default is p.empty for p in parameters)
