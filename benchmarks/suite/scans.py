"""(e) The linear solves: `z_{m+1} = A_m z_m + b_m` for all m."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from parasim.integrators.methods import (
    AssociativeScan,
    BlockedScan,
    CyclicReduction,
    Dense,
    Sequential,
)
from suite.problems import difference
from suite.tables import Question
from suite.timing import Contestant, Race

SOLVERS = {
    "associative scan": AssociativeScan(),
    "blocked scan": BlockedScan(),
    "blocked scan, 64 blocks": BlockedScan(64),
    "cyclic reduction": CyclicReduction(),
    "sequential": Sequential(),
}


def measure(sizes: list[int], dimensions: list[int], repeats: int, limit: float) -> Question:
    """Return the table, of matrices d by d and sizes M."""
    rows = []
    for d in dimensions:
        race = Race(_contestants(), partial(_inputs, d), repeats, limit)
        for count in sizes:
            found = race.at(count)
            base = found["associative scan"]
            rows.append(
                {
                    "d": d,
                    "M": count,
                    "associative scan, us": base.seconds * 1e6,
                    **{
                        f"{name} /": taken.ratio(base)
                        for name, taken in found.items()
                        if taken is not base
                    },
                    "differ": max(
                        difference(taken.result[0], base.result[0]) for taken in found.values()
                    ),
                }
            )
    return Question(
        "scans",
        "(e) M affine maps of d variables, two columns: which linear solver in what time?",
        rows,
        [
            "The product of all matrices, renormalised, is part of it.",
            "`blocked scan` makes as many blocks as the device has use for: 1 on a CPU.",
        ],
    )


def _inputs(d: int, count: int) -> tuple[Any, Any]:
    keys = jax.random.split(jax.random.key(0))
    matrices = jax.random.normal(keys[0], (count, d, d)) / (2 * d**0.5)
    return matrices, jax.random.normal(keys[1], (count, d, 2))


def _contestants() -> dict[str, Contestant]:
    def solve(solver: Any, matrices: Any, offsets: Any) -> Any:
        solution = solver.solve(Dense(), matrices, offsets)
        return solution.columns, solution.propagator(jnp.int32(len(matrices) - 1))

    return {
        name: Contestant(lambda _, solver=solver: partial(solve, solver))
        for name, solver in SOLVERS.items()
    }
