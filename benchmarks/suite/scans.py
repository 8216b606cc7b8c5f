"""(e) The linear solves: `z_{m+1} = A_m z_m + b_m` for all m."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from parasim import ConfigError
from parasim.integrators.methods import (
    AssociativeScan,
    BlockedScan,
    CyclicReduction,
    Dense,
    FusedScan,
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
    contestants = {d: _contestants(d, max(sizes)) for d in dimensions}
    names = dict.fromkeys(name for some in contestants.values() for name in some)
    for d in dimensions:
        race = Race(contestants[d], partial(_inputs, d), repeats, limit)
        for count in sizes:
            found = race.at(count)
            base = found["associative scan"]
            rows.append(
                {
                    "d": d,
                    "M": count,
                    "associative scan, us": base.seconds * 1e6,
                    **{
                        f"{name} /": found[name].ratio(base) if name in found else None
                        for name in names
                        if name != "associative scan"
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
            "`blocked scan` makes as many blocks as the device has use for: 1 on a CPU. On a GPU "
            "it is the fused scan, where there is one.",
        ],
    )


def _inputs(d: int, count: int) -> tuple[Any, Any]:
    keys = jax.random.split(jax.random.key(0))
    matrices = jax.random.normal(keys[0], (count, d, d)) / (2 * d**0.5)
    return matrices, jax.random.normal(keys[1], (count, d, 2))


def _contestants(d: int, count: int) -> dict[str, Contestant]:
    return {
        name: Contestant(lambda _, solver=solver: partial(_solve, solver))
        for name, solver in _solvers(d, count).items()
    }


def _solvers(d: int, count: int) -> dict[str, Any]:
    """Return all that solve such a problem; the fused scan does on a GPU, for small matrices."""
    fused = FusedScan()
    try:
        jax.eval_shape(lambda: _solve(fused, *_inputs(d, count)))
    except ConfigError:
        return SOLVERS
    return SOLVERS | {"fused scan": fused}


def _solve(solver: Any, matrices: Any, offsets: Any) -> Any:
    solution = solver.solve(Dense(), matrices, offsets)
    return solution.columns, solution.propagator(jnp.int32(len(matrices) - 1))
