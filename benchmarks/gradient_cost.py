"""What the gradient of a loss on the end state costs on the CPU, in time and in memory.

python benchmarks/gradient_cost.py [--steps N] [--repeats N]

Both variants make the same Tsit5 steps under diffrax's default adjoint. They take turns in one
process; what is compared is the median over rounds of the ratio within a round. Memory is what the
compiled program asks for, in units of the trajectory's own.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from common import compiled, conditions, lorenz63, lorenz96, printed, rounds
from rich import box
from rich.table import Table

from parasim import ParallelNewton

DT = 1e-3
WINDOW = 1000


class System(NamedTuple):
    """A vector field, its initial state, and the largest ratio to diffrax that is good enough."""

    vector_field: Callable[[Any, Any, Any], Any]
    y0: np.ndarray
    goal: float


SYSTEMS = {
    "Lorenz-63": System(lorenz63, np.array([1.0, 2.0, 20.0]), 0.1),
    "Lorenz-96": System(lorenz96, 8 + 0.01 * np.sin(np.arange(40.0)), 0.3),
}


def gradient(system: System, solver: Any, steps: int, window: int) -> Callable[[Any], Any]:
    def loss(y0):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(system.vector_field),
            solver,
            0.0,
            steps * DT,
            window * DT,
            y0,
            max_steps=steps // window + 1,
        )
        return jnp.sum(solution.ys**2)

    return jax.value_and_grad(loss)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000, help=f"a multiple of {WINDOW}")
    parser.add_argument("--repeats", type=int, default=7, help="rounds, after one unmeasured")
    arguments = parser.parse_args()
    steps = arguments.steps
    if steps < WINDOW or steps % WINDOW:
        parser.error(f"--steps must be a multiple of {WINDOW}, the steps of a window")
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)

    table = Table(box=box.MARKDOWN)
    for heading in ("system", "variant", "us/step", "/ diffrax", "goal", "memory", "differs"):
        table.add_column(heading, justify="left" if heading in ("system", "variant") else "right")
    for name, system in SYSTEMS.items():
        y0 = jnp.asarray(system.y0)
        solvers = {
            "diffrax": (diffrax.Tsit5(), 1),
            "parasim auto": (ParallelNewton(steps=WINDOW), WINDOW),
        }
        runs = [
            compiled(gradient(system, solver, steps, window), y0)[0]
            for solver, window in solvers.values()
        ]
        short = [
            jax.jit(gradient(system, solver, 2 * WINDOW, window))(y0)[1]
            for solver, window in solvers.values()
        ]
        differs = float(jnp.max(jnp.abs(short[1] / short[0] - 1)))
        taken = rounds(runs, y0, arguments.repeats)
        trajectory = steps * y0.size * y0.dtype.itemsize
        for i, variant in enumerate(solvers):
            table.add_row(
                name,
                variant,
                f"{np.median(taken[:, i]) / steps * 1e6:.2f}",
                f"{np.median(taken[:, i] / taken[:, 0]):.3f}",
                f"≤ {system.goal:g}" if i else "",
                f"{runs[i].memory_analysis().temp_size_in_bytes / trajectory:.1f}",
                f"{differs:.0e}" if i else "",
            )
    printed(conditions(steps=steps, dt=DT, window=WINDOW, repeats=arguments.repeats), table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
