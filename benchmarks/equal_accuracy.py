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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from suite.tables import Question, Row, conditions, markdown

import parasim

FINAL_ERROR = 1e-9
INTERVAL = 4
# Absolute tolerances are a thousandth of relative ones, for both.
ATOL_PER_RTOL = 1e-3


class Problem(NamedTuple):
    """An initial value problem, and with what it is solved in parallel.

    Attributes:
        vector_field: `(t, y, args) -> dy/dt`.
        y0: the first state.
        t1: the end; the beginning is 0.
        rtol: of the inner steps, so that the final error is small enough.
        slots: the most inner steps.
    """

    vector_field: Callable[[Any, Any, Any], Any]
    y0: Sequence[float]
    t1: float
    rtol: float
    slots: int


def van_der_pol(mu: float) -> Callable[[Any, Any, Any], Any]:
    def field(t: Any, y: Any, args: Any) -> Any:
        del t, args
        return jnp.stack([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    return field


def logistic(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return y * (1 - y)


def rigid_body(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return jnp.stack([-2 * y[1] * y[2], 1.25 * y[0] * y[2], -0.5 * y[0] * y[1]])


def fitzhugh_nagumo(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return jnp.stack([3 * (y[0] - y[0] ** 3 / 3 + y[1]), -(y[0] - 0.2 - 0.2 * y[1]) / 3])


def henon_heiles(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return jnp.stack([y[2], y[3], -y[0] - 2 * y[0] * y[1], -y[1] - (y[0] ** 2 - y[1] ** 2)])


def selkov(t: Any, y: Any, args: Any) -> Any:
    del t, args
    made = 0.08 * y[1] + y[0] ** 2 * y[1]
    return jnp.stack([made - y[0], 0.6 - made])


PROBLEMS = {
    "logistic": Problem(logistic, [0.01], 10.0, 1e-6, 44),
    "rigid body": Problem(rigid_body, [1, 0, 0.9], 20.0, 5e-10, 768),
    "van der Pol mu=1": Problem(van_der_pol(1.0), [2, 0], 6.3, 2e-10, 400),
    "FitzHugh-Nagumo": Problem(fitzhugh_nagumo, [-1, 1], 100.0, 1e-9, 5120),
    "Henon-Heiles": Problem(henon_heiles, [0.5, 0, 0, 0.1], 200.0, 1e-11, 14336),
    "van der Pol mu=20": Problem(van_der_pol(20.0), [2, 0], 100.0, 5e-10, 20480),
    "Selkov": Problem(selkov, [1, 1], 200.0, 5e-10, 4096),
}


def row(name: str) -> Row:
    """Count one problem."""
    problem = PROBLEMS[name]
    term, y0 = diffrax.ODETerm(problem.vector_field), jnp.asarray(problem.y0, float)

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
        steps=problem.slots,
        mode="parallel",
        method=parasim.Method(interval=INTERVAL),
        rtol=problem.rtol,
        atol=ATOL_PER_RTOL * problem.rtol,
    )
    saveat = diffrax.SaveAt(t1=True, solver_state=True)
    parallel = diffrax.diffeqsolve(
        *(term, solver, 0.0, problem.t1, problem.t1, y0), saveat=saveat, throw=False
    )
    done = {key: values[0] for key, values in parasim.windows(parallel).items()}
    iteration = INTERVAL + 2 * math.log2(-(-problem.slots // INTERVAL))
    depth = int(done["coarse_attempts"]) + int(done["attempts"])
    depth += int(done["iterations"]) * iteration
    beside = 1 + int(done["rounds"]) * (INTERVAL + 2)
    steps = int(adaptive.stats["num_steps"])
    return {
        "problem": name,
        "adaptive steps": steps,
        "error": error(adaptive),
        "rtol": problem.rtol,
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


def measure(problems: Sequence[str] = tuple(PROBLEMS)) -> Question:
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
    parser.add_argument("--problems", default=",".join(PROBLEMS), help="which; default: all")
    parser.add_argument("--json", type=Path, help="a file for the numbers")
    given = parser.parse_args()
    chosen = given.problems.split(",")
    unknown = [name for name in chosen if name not in PROBLEMS]
    if unknown:
        parser.error(f"there is no problem {', '.join(unknown)}; known: {', '.join(PROBLEMS)}")
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
