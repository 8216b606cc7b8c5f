"""JSON on the screen, for other programs."""

import json
import math
from collections.abc import Mapping
from os import PathLike
from typing import Any

import click


def write_json(value: Any) -> None:
    """Print a value as JSON, which has neither NaN nor infinity: null stands for them."""
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def say(record: Any, text: str, *, as_json: bool) -> None:
    """Print a record as JSON, or what it says as text."""
    if as_json:
        write_json(record)
    else:
        click.echo(text)


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # of numpy, which is not imported for this
        return _plain(value.tolist())
    if isinstance(value, PathLike):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
