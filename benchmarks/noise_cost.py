"""What a step of a stochastic differential equation costs on the CPU.

python benchmarks/noise_cost.py [--steps N] [--repeats N]

Lorenz-63 with additive noise, under a `VirtualBrownianTree`; all variants step along the same path
and take turns in one process. What is compared is the median over rounds of the ratio within a
round.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np
from common import compiled, conditions, lorenz63, printed, rounds
from rich import box
from rich.table import Table

from parasim import ParallelNewton

DT = 1e-3
WINDOW = 1000
INNER = {"EulerHeun": diffrax.EulerHeun(), "SPaRK": diffrax.SPaRK()}
LEVY_AREA = {"EulerHeun": diffrax.BrownianIncrement, "SPaRK": diffrax.SpaceTimeLevyArea}


def constant_noise(t: Any, y: Any, args: Any) -> lineax.DiagonalLinearOperator:
    del t, y, args
    return lineax.DiagonalLinearOperator(jnp.full(3, 0.1))


def ends(inner: str, solver: Any, steps: int, window: int) -> Callable[[Any], Any]:
    """Return the integration as a function of the first state."""

    def run(y0):
        path = diffrax.VirtualBrownianTree(
            0.0, steps * DT, DT / 4, (3,), jax.random.key(0), LEVY_AREA[inner]
        )
        noise = diffrax.ControlTerm(constant_noise, path)
        return diffrax.diffeqsolve(
            diffrax.MultiTerm(diffrax.ODETerm(lorenz63), noise),
            solver,
            0.0,
            steps * DT,
            window * DT,
            y0,
            max_steps=steps // window + 1,
        ).ys

    return run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=5_000, help=f"a multiple of {WINDOW}")
    parser.add_argument("--repeats", type=int, default=7, help="rounds, after one unmeasured")
    arguments = parser.parse_args()
    steps = arguments.steps
    if steps < WINDOW or steps % WINDOW:
        parser.error(f"--steps must be a multiple of {WINDOW}, the steps of a window")
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)

    table = Table(box=box.MARKDOWN)
    for heading in ("solver", "variant", "us/step", "/ diffrax", "compile s"):
        table.add_column(heading, justify="left" if heading in ("solver", "variant") else "right")
    y0 = jnp.array([1.0, 2.0, 20.0])
    for name, inner in INNER.items():
        variants = {
            "diffrax": (inner, 1),
            "parasim sequential": (ParallelNewton(inner, WINDOW, "sequential"), WINDOW),
            "parasim parallel": (ParallelNewton(inner, WINDOW, "parallel"), WINDOW),
        }
        runs, compile_times = zip(
            *(
                compiled(ends(name, solver, steps, window), y0)
                for solver, window in variants.values()
            ),
            strict=True,
        )
        taken = rounds(runs, y0, arguments.repeats)
        for i, variant in enumerate(variants):
            table.add_row(
                name,
                variant,
                f"{np.median(taken[:, i]) / steps * 1e6:.1f}",
                f"{np.median(taken[:, i] / taken[:, 0]):.2f}",
                f"{compile_times[i]:.1f}",
            )
    printed(conditions(steps=steps, dt=DT, window=WINDOW, repeats=arguments.repeats), table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
