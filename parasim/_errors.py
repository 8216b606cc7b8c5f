"""The exceptions that parasim raises outside traced code, and the exit code of each.

Inside `jit` a failure is a diffrax result code instead.
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar


class ParasimError(Exception):
    """Base of every error that parasim raises on purpose; its message names the remedy."""

    exit_code: ClassVar[int] = 1


class ConfigError(ParasimError, ValueError):
    """What was asked for cannot be done as asked: a name, a value, a file or a type is wrong."""

    exit_code: ClassVar[int] = 2


class SolverError(ParasimError, RuntimeError):
    """The integration failed, usually because the state stopped being finite."""

    exit_code: ClassVar[int] = 3


class NotFiniteError(SolverError):
    """The state stopped being finite, and would do so again."""


class StoreError(ParasimError, OSError):
    """The store is in the way, or cannot be written or read."""

    exit_code: ClassVar[int] = 4


class PluginError(ParasimError):
    """A plugin cannot be used."""


class UnknownPlugin(PluginError, ConfigError):
    """No installed plugin has that name, or it is disabled."""

    exit_code: ClassVar[int] = 2


class BrokenPlugin(PluginError):
    """A plugin cannot be imported, or is not what its group needs; the cause is its own error."""

    exit_code: ClassVar[int] = 5


class IncompatiblePlugin(PluginError):
    """A plugin was written for another version of parasim's interface."""

    exit_code: ClassVar[int] = 5


class PluginWarning(UserWarning):
    """Two plugins have the same name, and one of them is used."""


class CalibrationWarning(UserWarning):
    """Measured costs cannot be kept, or not be used; what a device is expected to cost counts."""


def near_names(name: str, known: Iterable[str]) -> str:
    """Say which of the known names is meant, for the end of an error message.

    Returns:
        "did you mean 'lorenz63'?" where one is close, else the list of all of them.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(n) for n in close) + "?"
    return "known: " + ", ".join(names) if names else "there are none"


def first_line(error: BaseException) -> str:
    """Return the beginning of a message that may have many lines."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
