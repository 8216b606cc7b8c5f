"""A picture of each table: python benchmarks/suite/pictures.py RESULTS OUT, two folders."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import numpy as np

Rows = Sequence[Mapping[str, Any]]


def against_size(rows: Rows, panel: str, size: str, time: str) -> Any:
    """Draw the time per step of each contestant against the size: a panel per system or task."""
    panels = list(dict.fromkeys(row[panel] for row in rows))
    names = list(dict.fromkeys(row["by"] for row in rows))
    figure, axes = _panels(len(panels))
    for ax, which in zip(axes, panels, strict=True):
        for name in names:
            some = [row for row in rows if (row[panel], row["by"]) == (which, name)]
            ax.loglog([row[size] for row in some], [row[time] for row in some], "o-", label=name)
        ax.set(title=which, xlabel=size)
    axes[0].set_ylabel(time)
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def against_dimension(rows: Rows) -> Any:
    """Draw the time of each linear solver, relative to the associative scan, against d."""
    counts = list(dict.fromkeys(row["M"] for row in rows))
    names = [name for name in rows[0] if name.endswith(" /")]
    figure, axes = _panels(len(counts))
    for ax, count in zip(axes, counts, strict=True):
        some = [row for row in rows if row["M"] == count]
        for name in names:
            ratios = [row[name] for row in some]
            ax.loglog([row["d"] for row in some], ratios, "o-", label=name.removesuffix(" /"))
        ax.axhline(1, color="grey", linewidth=0.8)
        ax.set(title=f"{count} maps", xlabel="d")
    axes[0].set_ylabel("time / associative scan")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def against_error(rows: Rows) -> Any:
    """Draw the time of each contestant against the error asked for: a panel per problem."""
    problems = list(dict.fromkeys(row["problem"] for row in rows))
    names = [name for name in rows[0] if name not in ("problem", "error below") and "/" not in name]
    figure, axes = _panels(len(problems))
    for ax, problem in zip(axes, problems, strict=True):
        some = [row for row in rows if row["problem"] == problem]
        for name in names:
            times = [np.nan if row[name] is None else row[name] for row in some]
            ax.loglog([row["error below"] for row in some], times, "o-", label=name)
        ax.invert_xaxis()
        ax.set(title=problem, xlabel="error below")
    axes[0].set_ylabel("ms")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def ratios(rows: Rows) -> Any:
    """Draw what `auto` takes, relative to its opponents, on every system and by every method."""
    systems = list(dict.fromkeys(row["system"] for row in rows))
    methods = dict.fromkeys(row["method"] for row in rows)
    figure, axes = plt.subplots(
        1, 2, figsize=(8, 1.2 + 0.22 * len(systems)), sharey=True, layout="constrained"
    )
    for ax, name in zip(axes, ("/ diffrax", "/ best opponent"), strict=True):
        for marker, method in zip("oxs+^v", methods, strict=False):
            some = [row for row in rows if row["method"] == method]
            places = [systems.index(row["system"]) for row in some]
            ax.plot([row[name] for row in some], places, marker, fillstyle="none", label=method)
        ax.axvline(1, color="grey", linewidth=0.8)
        ax.set(xscale="log", xlabel=f"time of auto {name}")
    axes[0].set_yticks(range(len(systems)), systems)
    axes[0].invert_yaxis()
    axes[1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


PICTURES: dict[str, Callable[[Rows], Any]] = {
    "same_discretisation": lambda rows: against_size(rows, "system", "N", "ns per step"),
    "work_precision": against_error,
    "recurrences": lambda rows: against_size(rows, "what", "T", "ns per step"),
    "gradients": lambda rows: against_size(rows, "system", "N", "us per step"),
    "scans": against_dimension,
    "automatic": ratios,
}


def main(results: Path, out: Path) -> None:
    """Draw every table of a folder of results."""
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        file = results / f"{name}.json"
        if not file.exists():
            continue
        content = json.loads(file.read_text())
        figure = draw(content["rows"])
        told = content["conditions"]
        figure.suptitle(f"{content['asks']}\n{told['device']}, {told['date']}", fontsize=9)
        figure.savefig(out / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


def _panels(count: int) -> tuple[Any, Any]:
    figure, axes = plt.subplots(
        1, count, figsize=(2.6 * count + 2.2, 3.2), sharey=True, layout="constrained", squeeze=False
    )
    return figure, axes[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
