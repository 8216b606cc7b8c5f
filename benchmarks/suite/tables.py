"""Rows of a benchmark as Markdown and as JSON, with the conditions they were measured under."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import parasim

Row = Mapping[str, Any]


class Question(NamedTuple):
    """A table.

    Attributes:
        name: of its files.
        asks: what it answers, in one sentence.
        rows: of it; all have the same columns.
        notes: what a reader must know.
    """

    name: str
    asks: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()


def conditions() -> dict[str, Any]:
    """Return date, device, precision and versions."""
    versions = {"python": platform.python_version(), "parasim": parasim.__version__}
    for package in ("jax", "jaxlib", "diffrax", "equinox", "optimistix", "lineax", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "none"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "device": f"{jax.devices()[0].device_kind} ({jax.default_backend()})",
        "host": f"{_processor()}, {os.cpu_count()} CPUs",
        "dtype": str(jnp.zeros(()).dtype),
        **versions,
    }


def markdown(question: Question) -> str:
    """Return a table under its question."""
    columns = list(question.rows[0])
    cells = [[_text(row[column]) for column in columns] for row in question.rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    right = [not isinstance(question.rows[0][column], str) for column in columns]

    def line(words: Sequence[str]) -> str:
        padded = (
            word.rjust(width) if to_right else word.ljust(width)
            for word, width, to_right in zip(words, widths, right, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    rule = (
        "-" * (width + 1) + (":" if to_right else "-")
        for width, to_right in zip(widths, right, strict=True)
    )
    lines = [f"### {question.asks}", "", line(columns), "|" + "|".join(rule) + "|"]
    lines += map(line, cells)
    return "\n".join([*lines, "", *(f"* {note}" for note in question.notes), ""])


def written(folder: Path, told: Mapping[str, Any], questions: Sequence[Question]) -> None:
    """Write one JSON file per table, and all tables as one page."""
    folder.mkdir(parents=True, exist_ok=True)
    for question in questions:
        content = {"conditions": told, **question._asdict()}
        file = folder / f"{question.name}.json"
        file.write_text(json.dumps(content, indent=1) + "\n")
    page = [", ".join(f"{key} {value}" for key, value in told.items()), ""]
    (folder / "tables.md").write_text("\n".join([*page, *map(markdown, questions)]))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
