"""How many steps one after the other it takes to be as accurate: adaptive Tsit5, and in parallel.

python benchmarks/equal_accuracy.py [--problems logistic,...] [--json FILE]

Seven problems to a final error of 1e-9. Everything is counted, nothing is timed, so that the
machine does not matter; about a minute and a half of one CPU. Adaptive Tsit5 is diffrax's, with the
loosest tolerance of a grid that is accurate enough. In parallel one window covers all of the time.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from suite.exact_ends import TIMED
from suite.tables import Question, Row, conditions, markdown

import parasim

FINAL_ERROR = 1e-9
INTERVAL = 4
# Absolute tolerances are a thousandth of relative ones, for both.
ATOL_PER_RTOL = 1e-3


class Setting(NamedTuple):
    """With what a problem is solved in parallel.

    Attributes:
        rtol: of the inner steps, so that the final error is small enough.
        slots: the most inner steps.
    """

    rtol: float
    slots: int


SETTINGS = {
    "logistic": Setting(1e-6, 44),
    "rigid body": Setting(5e-10, 768),
    "van der Pol mu=1": Setting(2e-10, 400),
    "FitzHugh-Nagumo": Setting(1e-9, 5120),
    "Henon-Heiles": Setting(1e-11, 14336),
    "van der Pol mu=20": Setting(5e-10, 20480),
    "Selkov": Setting(5e-10, 4096),
}


def row(name: str) -> Row:
    """Count one problem."""
    problem, setting = TIMED[name](), SETTINGS[name]
    term, y0 = diffrax.ODETerm(problem.vector_field), problem.y0

    @eqx.filter_jit
    def adaptively(solver: diffrax.AbstractSolver, rtol: Any) -> diffrax.Solution:
        controller = diffrax.PIDController(rtol=rtol, atol=ATOL_PER_RTOL * rtol)
        return diffrax.diffeqsolve(
            *(term, solver, 0.0, problem.t1, None, y0),
            stepsize_controller=controller,
            max_steps=200_000,
        )

    exact = adaptively(diffrax.Dopri8(), jnp.array(1e-14)).ys

    def error(solution: diffrax.Solution) -> float:
        return float(jnp.max(jnp.abs(jnp.asarray(solution.ys) - exact)))

    rtols = (10 ** (-6 - k / 8) for k in range(64))
    solutions = (adaptively(diffrax.Tsit5(), jnp.array(rtol)) for rtol in rtols)
    adaptive = next(solution for solution in solutions if error(solution) <= FINAL_ERROR)
    solver = parasim.ParallelNewton(
        diffrax.Tsit5(),
        steps=setting.slots,
        mode="parallel",
        method=parasim.Method(interval=INTERVAL),
        rtol=setting.rtol,
        atol=ATOL_PER_RTOL * setting.rtol,
    )
    saveat = diffrax.SaveAt(t1=True, solver_state=True)
    parallel = diffrax.diffeqsolve(
        *(term, solver, 0.0, problem.t1, problem.t1, y0), saveat=saveat, throw=False
    )
    done = {key: values[0] for key, values in parasim.windows(parallel).items()}
    iteration = INTERVAL + 2 * math.log2(-(-setting.slots // INTERVAL))
    depth = int(done["coarse_attempts"]) + int(done["attempts"])
    depth += int(done["iterations"]) * iteration
    beside = 1 + int(done["rounds"]) * (INTERVAL + 2)
    steps = int(adaptive.stats["num_steps"])
    return {
        "problem": name,
        "adaptive steps": steps,
        "error": error(adaptive),
        "rtol": setting.rtol,
        "coarse attempts": int(done["coarse_attempts"]),
        "N": int(done["inner_steps"]),
        "rounds": int(done["rounds"]),
        "iterations": int(done["iterations"]),
        "fallen back": int(done["attempts"]),
        "error in parallel": error(parallel),
        "depth": round(depth, 1),
        "ratio": depth / steps,
        "all": round(depth + beside, 1),
        "ratio of all": (depth + beside) / steps,
    }


def measure(problems: Sequence[str] = tuple(SETTINGS)) -> Question:
    """Count all problems."""
    return Question(
        "equal_accuracy",
        f"How many steps one after the other give a final error of {FINAL_ERROR:g}?",
        [row(name) for name in problems],
        [
            "adaptive steps: attempts of diffrax's Tsit5 with a PIDController, atol = rtol / 1000, "
            "at the loosest rtol of a grid of eighths of a decade that is accurate enough",
            f"depth: coarse attempts, and iterations x (L + 2 log2(slots / L)) with L = {INTERVAL}",
            "all: and 1 for the coarse steps' errors, and L + 2 in every round for the states in "
            "the intervals, the guess, and the errors of the steps",
            "error: the largest component's at the end, against Dopri8 at rtol 1e-14",
        ],
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Steps one after the other: adaptive Tsit5, and in parallel."
    )
    parser.add_argument("--problems", default=",".join(SETTINGS), help="which; default: all")
    parser.add_argument("--json", type=Path, help="a file for the numbers")
    given = parser.parse_args()
    chosen = given.problems.split(",")
    unknown = [name for name in chosen if name not in SETTINGS]
    if unknown:
        parser.error(f"there is no problem {', '.join(unknown)}; known: {', '.join(SETTINGS)}")
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    question = measure(chosen)
    print(markdown(question))
    if given.json:
        content = {"conditions": conditions(), **question._asdict()}
        given.json.write_text(json.dumps(content, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
