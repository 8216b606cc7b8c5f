"""All tables in one command: python benchmarks/suite [--full] [--tables scans,...] [--out FOLDER].

Needs jax, diffrax and what those need, and nothing else; parasim need not be installed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

from suite import (  # noqa: E402
    automatic,
    gradients,
    recurrences,
    same_discretisation,
    scans,
    work_precision,
)
from suite.tables import Question, conditions, markdown, written  # noqa: E402

# On an accelerator `auto` has windows of several sizes to compile, for each flow and method.
_FEW_TO_COMPILE: dict[str, Any] = (
    {}
    if jax.default_backend() == "cpu"
    else {
        "only": ["lorenz63", "lorenz96", "fitzhugh-nagumo", "hodgkin-huxley"],
        "methods": [automatic.EXPLICIT[0], automatic.EXPLICIT[-1], automatic.IMPLICIT[0]],
    }
)

SMALL: dict[str, Callable[[], Question]] = {
    "same_discretisation": lambda: same_discretisation.measure(
        [10_000], 5, 1.0, 1024, same_discretisation.PROBLEMS[:1]
    ),
    "work_precision": lambda: work_precision.measure(
        ["FitzHugh-Nagumo"], [1e-4, 1e-8], 5, 0.1, work_precision.EXPLICIT[:1]
    ),
    "recurrences": lambda: recurrences.measure([10_000], 5, 1.0, small=True),
    "gradients": lambda: gradients.measure([10_000], 5, 1.0, gradients.PROBLEMS[:1]),
    "scans": lambda: scans.measure([2048], [3], 9, 1.0),
    "automatic": lambda: automatic.measure(20_000, 9, ["lorenz63"], automatic.EXPLICIT[:2]),
}
FULL: dict[str, Callable[[], Question]] = {
    "same_discretisation": lambda: same_discretisation.measure(
        [10**k for k in range(3, 8)], 3, 20.0, 2**16
    ),
    "work_precision": lambda: work_precision.measure(
        [
            "logistic",
            "rigid body",
            "van der Pol mu=1",
            "FitzHugh-Nagumo",
            "Henon-Heiles",
            "Hodgkin-Huxley",
            "Robertson",
        ],
        [10.0**-k for k in range(4, 12)],
        3,
        2.0,
    ),
    "recurrences": lambda: recurrences.measure([1_000, 10_000, 100_000, 300_000], 3, 20.0),
    "gradients": lambda: gradients.measure([10_000, 100_000], 3, 20.0),
    "scans": lambda: scans.measure([128, 2048, 2**15, 2**18], [1, 2, 3, 4, 8, 16], 5, 20.0),
    "automatic": lambda: automatic.measure(20_000, 5, **_FEW_TO_COMPILE),
}


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="full sizes, for a GPU")
    parser.add_argument("--tables", default=",".join(SMALL), help="which; default: %(default)s")
    parser.add_argument("--out", type=Path, help="a folder for JSON and Markdown")
    given = parser.parse_args()
    chosen = FULL if given.full else SMALL
    unknown = [name for name in given.tables.split(",") if name not in chosen]
    if unknown:
        parser.error(f"there is no table {', '.join(unknown)}; known: {', '.join(chosen)}")
    told, questions = conditions(), []
    print(", ".join(f"{key} {value}" for key, value in told.items()), end="\n\n")
    for name in given.tables.split(","):
        start = time.perf_counter()
        questions.append(chosen[name]())
        print(markdown(questions[-1]))
        print(f"({name} took {time.perf_counter() - start:.0f} s)\n", flush=True)
        if given.out:
            written(given.out, told, questions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
