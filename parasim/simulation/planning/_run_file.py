"""Reads run files."""

import tomllib
from pathlib import Path
from typing import Any

from parasim._errors import ConfigError
from parasim.plugins._own_code import names_code


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
    if names_code(values.get("system")) and ".py:" in values["system"]:
        values["system"] = str(folder / values["system"])
    inputs = values.get("input")
    for table in inputs.values() if isinstance(inputs, dict) else ():
        if isinstance(table, dict) and isinstance(table.get("file"), str):
            table["file"] = str(folder / table["file"])
