"""The configuration of a run, from flags and a run file; its types are checked in one place."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from parasim._errors import ConfigError, near_names
from parasim._numbers import as_float, finite_number, shown, whole_number
from parasim.integrators import ParallelNewton
from parasim.io._objects import Place, store_place
from parasim.simulation._inputs import InputFile
from parasim.simulation._plan import Plan, make_plan
from parasim.simulation._solvers import check_solver_name, inner_solver

DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class RunConfig:
    """What `parasim run` was asked to do; the names are the keys of a run file.

    Attributes:
        system: its name.
        t0, t1: the first and the last time, in the system's unit.
        dt: the step.
        out: where the store shall be.
        every: save each `every`-th state.
        mode: "auto", "parallel" or "sequential".
        solver: the name of the inner solver.
        steps: the number of steps in a window.
        dtype: "float64" or "float32".
        seed: for a random initial state.
        overwrite: replace an existing store.
        set: parameters and structural options by name.
        y0: initial values by name of the variable.
        input: data that drive parameters, by name of the parameter.
    """

    system: str
    t1: float
    dt: float
    out: Place
    t0: float = 0.0
    every: int = 1
    mode: str = "auto"
    solver: str = "tsit5"
    steps: int = 1024
    dtype: str = "float64"
    seed: int = 0
    overwrite: bool = False
    set: Mapping[str, float] = field(default_factory=dict)
    y0: Mapping[str, Any] = field(default_factory=dict)
    input: Mapping[str, InputFile] = field(default_factory=dict)


TABLES = ("set", "y0", "input")
_REQUIRED = tuple(
    f.name for f in fields(RunConfig) if f.default is MISSING and f.default_factory is MISSING
)


def read_run_file(path: str | Path) -> dict[str, Any]:
    """Read a run file; paths in it are relative to its folder.

    Arguments:
        path: a TOML file with the keys of `RunConfig`, where `[set]`, `[y0]` and `[input.NAME]`
            are tables.

    Returns:
        The values as they are in the file, for `make_config`.

    Raises:
        ConfigError: the file cannot be read or is no TOML; the message says line and column.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no run file {path}: check the name and the folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the run file {path}: {error}") from error
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # also for a number of thousands of digits
        lines = text.split("\n")
        end = f"at line {len(lines)}, column {len(lines[-1]) + 1}, the end of the file"
        reason = str(error).replace("at end of document", end)
        raise ConfigError(f"{path} is no valid TOML: {reason}") from error
    _make_absolute(values, path.parent)
    return values


def _make_absolute(values: dict[str, Any], folder: Path) -> None:
    """Anchor the paths among the values in a folder."""
    out = values.get("out")
    if isinstance(out, str) and "://" not in out:  # a URL is refused later, as it was written
        values["out"] = str(folder / out)
    inputs = values.get("input")
    for table in inputs.values() if isinstance(inputs, dict) else ():
        if isinstance(table, dict) and isinstance(table.get("file"), str):
            table["file"] = str(folder / table["file"])


def make_config(flags: Mapping[str, Any], from_file: Mapping[str, Any] | None = None) -> RunConfig:
    """Combine flags and the values of a run file into a checked configuration.

    A flag wins over the file, the file over the default. Tables are combined key by key.

    Arguments:
        flags: the values that were given, by key; numbers may be text.
        from_file: as `read_run_file` returns them.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type.
    """
    values = {**(from_file or {}), **flags}
    known = [f.name for f in fields(RunConfig)]
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown key {key!r} in the run file: {near_names(key, known)}")
    for name in TABLES:
        tables = [_table(name, source.get(name)) for source in (from_file or {}, flags)]
        values[name] = _combined(*tables)
    return RunConfig(**check_values(values, _REQUIRED))


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


def _combined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table over another; tables inside them are laid over each other too."""
    both = [key for key in above if isinstance(below.get(key), Mapping)]
    inner = {key: {**below[key], **above[key]} for key in both if isinstance(above[key], Mapping)}
    return {**below, **above, **inner}


def _flag(key: str) -> str:
    return f"give --{key}, or {key} = ... in a run file"


_HOW_TO_GIVE = {"system": "name one as in `parasim systems`, or write system = ... in the run file"}


def _table(key: str, value: Any) -> dict[str, Any]:
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
    known = [f.name for f in fields(InputFile)]
    table = _table(where, value)
    for key in table:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}: {near_names(key, known)}")
    if "file" not in table:
        raise ConfigError(f"{where}: file is missing: name the file with the data")
    # TOML has dates of its own, so that epoch = 1958-01-01 needs no quotes.
    texts = {
        key: str(item) if key == "epoch" else _text(where, item) for key, item in table.items()
    }
    return InputFile(**{**texts, "file": Path(texts["file"])})


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
    "set": parse_settings,
    "y0": _initial_values,
    "input": _inputs,
}


def plan_config(config: RunConfig) -> Plan:
    """Check the run that a configuration describes; starts and writes nothing.

    jax must be set to 64 bits already if the configuration asks for float64.

    Raises:
        ConfigError: something cannot be done as asked; the message names the remedy.
    """
    return plan_values({f.name: getattr(config, f.name) for f in fields(RunConfig)})


def plan_values(values: Mapping[str, Any]) -> Plan:
    """Check the integration that values by the keys of a run file describe, as `plan_config`.

    Arguments:
        values: from `check_values`; those that are left out have their defaults.
    """
    defaults = {f.name: f.default for f in fields(RunConfig) if f.default is not MISSING}
    defaults |= {name: {} for name in TABLES}
    chosen = {**defaults, **values}
    solver = ParallelNewton(
        inner_solver(chosen["solver"], chosen["dtype"]),
        steps=chosen["steps"],
        mode=chosen["mode"],
    )
    return make_plan(
        chosen["system"],
        params=chosen["set"],
        inputs=chosen["input"],
        solver=solver,
        **{key: chosen[key] for key in ("y0", "t0", "t1", "dt", "every", "dtype", "seed")},
    )
