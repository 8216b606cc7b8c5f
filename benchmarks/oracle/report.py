"""The table of regrets, and the file of all numbers."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

Rows = Sequence[Mapping[str, Any]]

_NOT_RULES = {"system", "d", "dt", "exponent", "model", "steps", "starts", "oracle"}


def rules_of(rows: Rows) -> list[str]:
    return [key for key in rows[0] if key not in _NOT_RULES and not key.startswith("oracle ")]


def table(rows: Rows) -> Table:
    """Return the regrets of every rule, per model and length of run."""
    shown = Table(box=box.MARKDOWN)
    for heading in ("model", "steps", "rule"):
        shown.add_column(heading)
    for heading in (
        "median regret",
        "p95",
        "worst",
        "within 5 %",
        "within 20 %",
        "worst time/seq",
        "speed-up",
        "oracle's",
    ):
        shown.add_column(heading, justify="right")
    for model, steps in dict.fromkeys((row["model"], row["steps"]) for row in rows):
        chosen = [row for row in rows if (row["model"], row["steps"]) == (model, steps)]
        best = np.array([float(row["oracle"]) for row in chosen])
        for rule in rules_of(rows):
            time = np.array([float(row[rule]) for row in chosen])
            regret = time / best - 1
            shown.add_row(
                model,
                str(steps),
                rule,
                f"{np.median(regret):.3f}",
                f"{np.quantile(regret, 0.95):.2f}",
                f"{np.max(regret):.2f}",
                f"{np.mean(regret <= 0.05):.2f}",
                f"{np.mean(regret <= 0.20):.2f}",
                f"{np.max(time):.3f}",
                f"{np.exp(-np.mean(np.log(time))):.2f}",
                f"{np.exp(-np.mean(np.log(best))):.2f}",
            )
    return shown


def worst(rows: Rows, rule: str, count: int) -> Table:
    """Return the systems on which a rule is furthest from the oracle."""
    keys = ("system", "model", "steps", "exponent", "oracle N", "oracle k", "oracle guess")
    shown = Table(*keys, "oracle", rule, "regret", box=box.MARKDOWN)
    ordered = sorted(rows, key=lambda row: float(row["oracle"]) / float(row[rule]))
    for row in ordered[:count]:
        regret = float(row[rule]) / float(row["oracle"]) - 1
        shown.add_row(*(str(row[key]) for key in (*keys, "oracle", rule)), f"{regret:.2f}")
    return shown


def written(path: Path, told: Mapping[str, Any], rows: Rows) -> None:
    """Write the conditions as comments, then a row per system, model and length of run."""
    with path.open("w", newline="") as file:
        for key, value in told.items():
            text = ", ".join(f"{k} {v}" for k, v in value.items()) if key == "versions" else value
            file.write(f"# {key}: {text}\n")
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
