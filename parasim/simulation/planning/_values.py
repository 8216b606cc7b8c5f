"""The values of a configuration, from flags and run files: checked, and converted if text."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any

import numpy as np

from parasim._errors import ConfigError, near_names
from parasim._numbers import as_float, finite_number, shown, whole_number
from parasim.io._encoding import Encoding
from parasim.io._objects import store_place
from parasim.plugins._registry import find
from parasim.simulation.planning._inputs import InputFile, input_table
from parasim.simulation.planning._solvers import check_solver_name

_MOST_POINTS = 10**7
DTYPES = ("float64", "float32")


def check_values(values: Mapping[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    """Check the values of keys of a run file, and convert what is text.

    Arguments:
        values: by key.
        required: the keys that there must be.

    Raises:
        ConfigError: a key is missing, or a value has the wrong type.
    """
    for key in required:
        if key not in values:
            raise ConfigError(f"{key} is missing: {_HOW_TO_GIVE.get(key, _flag(key))}")
    return {key: _CHECKS[key](key, value) for key, value in values.items()}


def _flag(key: str) -> str:
    return f"give --{key}, or {key} = ... in a run file"


_HOW_TO_GIVE = {"system": "name one as in `parasim systems`, or write system = ... in the run file"}


def table(key: str, value: Any) -> dict[str, Any]:
    """Return a table of a run file, empty if there is none."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key} must be a table, [{key}] in a run file, not {value!r}")
    return dict(value)


def parse_number(key: str, value: Any) -> float:
    """Return a number; text may be a number or a fraction such as "1/12".

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(value, str):
        try:
            return as_float(Fraction(value)) if "/" in value else float(value)
        except (ValueError, ZeroDivisionError):
            value = value.strip() or "nothing"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return as_float(value)
    raise ConfigError(f"{key} must be a number or a fraction such as 1/12, not {shown(value)}")


def _finite(key: str, value: Any) -> float:
    return finite_number(key, parse_number(key, value))


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{key} must be a string, not {value!r}")
    return value


def _one_of(known: tuple[str, ...]) -> Callable[[str, Any], str]:
    def check(key: str, value: Any) -> str:
        if _text(key, value) not in known:
            raise ConfigError(f"there is no {key} {value!r}: {near_names(value, known)}")
        return value

    return check


def _flag_value(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{key} must be true or false, not {value!r}")
    return value


def parse_settings(key: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Return parameters and options as numbers, whole ones as int.

    Raises:
        ConfigError: one is no finite number.
    """
    return {name: _setting(f"{key}: {name}", value) for name, value in values.items()}


def _setting(key: str, value: Any) -> float:
    # A whole number stays one: it may be a structural option, such as a number of sites.
    number = _finite(key, value)
    whole = type(value) is int or (isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value))
    return int(value) if whole else number


def _initial_values(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _initial_value(f"{key}: {name}", value) for name, value in values.items()}


def _initial_value(key: str, value: Any) -> Any:
    if isinstance(value, str) and "," in value:
        value = value.split(",")
    if isinstance(value, list):
        return [_initial_value(key, item) for item in value]
    return _finite(key, value)


def _inputs(key: str, values: Mapping[str, Any]) -> dict[str, InputFile]:
    return {name: _input(f"[{key}.{name}]", value) for name, value in values.items()}


def _input(where: str, value: Any) -> InputFile:
    if isinstance(value, InputFile):
        return value
    # TOML has dates of its own, so that epoch = 1958-01-01 needs no quotes.
    texts = {
        key: str(item) if key == "epoch" else _text(where, item)
        for key, item in table(where, value).items()
    }
    return input_table(where, texts)


def _points(key: str, value: Any) -> list[float]:
    """Return the values of a swept parameter: a list, or text such as 2:10:17 or 1,2,5."""
    if isinstance(value, str):
        ends = value.split(":")
        if len(ends) == 3:
            first, last = (_finite(key, end) for end in ends[:2])
            count = whole_number(f"{key}: the number of values", _setting(key, ends[2]), minimum=1)
            if count > _MOST_POINTS:
                raise ConfigError(f"{key}: {count:,} values are more than {_MOST_POINTS:,}")
            return np.linspace(first, last, count).tolist()
        if len(ends) != 1:
            raise ConfigError(
                f"{key} must be FIRST:LAST:COUNT, such as 2:10:17, or values, such as 1,2,5, not "
                f"{value!r}"
            )
        value = value.split(",")
    return [_finite(key, item) for item in (value if isinstance(value, list) else [value])]


def _encoding(key: str, value: Any) -> Encoding:
    if isinstance(value, Encoding):
        return value
    known = [f.name for f in fields(Encoding)]
    for name in value:
        if name not in known:
            raise ConfigError(f"[{key}]: unknown key {name!r}: {near_names(name, known)}")
    return Encoding(**value)


def _patterns(key: str, value: Any) -> tuple[str, ...]:
    """Return what names plugins: a list, which text can be too, with commas."""
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ConfigError(
            f'{key} must be a list of distributions or "group:name", such as '
            f'["somebodys-models", "systems:lorenz63"], not {shown(value)}'
        )
    return tuple(texts)


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "system": _text,
    "t0": _finite,
    "t1": _finite,
    "dt": _finite,
    "out": lambda key, value: store_place(_text(key, value)),
    "every": whole_number,
    "mode": _text,
    "solver": lambda key, value: check_solver_name(_text(key, value)),
    "steps": whole_number,
    "dtype": _one_of(DTYPES),
    "seed": whole_number,
    "overwrite": _flag_value,
    "sink": lambda key, value: find("sinks", _text(key, value)).name,
    "disable_plugins": _patterns,
    "ensemble": whole_number,
    "perturbation": _finite,
    "zip": _flag_value,
    "batch": whole_number,
    "set": parse_settings,
    "y0": _initial_values,
    "input": _inputs,
    "sweep": lambda key, values: {name: _points(f"{key}: {name}", v) for name, v in values.items()},
    "encoding": lambda key, values: _encoding(key, values),
}
