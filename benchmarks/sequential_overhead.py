"""What a sequential window costs on the CPU: diffrax, ParallelNewton and a bare scan, side by side.

python benchmarks/sequential_overhead.py [--steps N] [--repeats N] [--json FILE]

All variants make the same Tsit5 steps. They take turns in one process, so that a busy machine slows
all of them; what is compared is the median over rounds of the ratio within a round.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
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
SAVED_TIMES = 1000
CHECKED_STEPS = 2 * WINDOW  # two time units: too short for chaos to amplify rounding


class System(NamedTuple):
    """A vector field, its initial state, and the largest ratios to diffrax that are good enough."""

    vector_field: Callable[[Any, Any, Any], Any]
    y0: np.ndarray
    goals: dict[str, float]


class Variant(NamedTuple):
    """One way to compute the same trajectory, and the ratios that it shall not exceed."""

    name: str
    saved: str
    run: Callable[[Any], Any]
    goals: dict[str, float]


class Result(NamedTuple):
    """One row of the table; ratios and times are medians over the rounds."""

    system: str
    variant: str
    saved: str
    microseconds_per_step: float
    to_diffrax: float
    to_scan: float
    goals: dict[str, float]
    compile_seconds: float
    end_state_difference: float

    @property
    def reached(self) -> bool | None:
        """Whether all goals are reached; None if there are none."""
        if not self.goals:
            return None
        return all(getattr(self, key) <= goal for key, goal in self.goals.items())


SYSTEMS = {
    "Lorenz-63": System(lorenz63, np.array([1.0, 2.0, 20.0]), {"t1": 0.15, "ts": 0.1}),
    "Lorenz-96": System(lorenz96, 8 + 0.01 * np.sin(np.arange(40.0)), {"t1": 0.5}),
}


def hand_unrolled_scan(vector_field: Callable[[Any, Any, Any], Any], steps: int) -> Any:
    """Return what one would write by hand: a scan whose body is Tsit5's six stages."""
    tableau = diffrax.Tsit5().tableau
    rows = [row.tolist() for row in tableau.a_lower[:-1]]  # the last serves only error estimates
    weights = tableau.b_sol[:-1].tolist()

    def increment(coefficients, slopes):
        return DT * sum(a * k for a, k in zip(coefficients, slopes, strict=True))

    def step(y, _):
        slopes = [vector_field(0.0, y, None)]
        for row in rows:
            slopes.append(vector_field(0.0, y + increment(row, slopes), None))
        return y + increment(weights, slopes), None

    return lambda y: jax.lax.scan(step, y, None, length=steps)[0][None]


def diffrax_solve(
    system: System, solver: Any, dt0: float, steps: int, max_steps: int, saveat: diffrax.SaveAt
) -> Callable[[Any], Any]:
    def run(y0):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(system.vector_field),
            solver,
            0.0,
            steps * DT,
            dt0,
            y0,
            saveat=saveat,
            stepsize_controller=diffrax.ConstantStepSize(),
            max_steps=max_steps,
        ).ys

    return run


def variants(system: System, steps: int) -> list[Variant]:
    """Return all variants; the first is the bare scan."""
    made = [Variant("scan by hand", "t1", hand_unrolled_scan(system.vector_field, steps), {})]
    times = jnp.linspace(0, steps * DT, SAVED_TIMES)
    for saved, saveat in (("t1", diffrax.SaveAt(t1=True)), ("ts", diffrax.SaveAt(ts=times))):
        goals = {"to_diffrax": system.goals[saved]} if saved in system.goals else {}
        if saved == "t1":
            goals["to_scan"] = 1.2
        # diffrax adds up dt, so that rounding may cost it one more step.
        inner = diffrax_solve(system, diffrax.Tsit5(), DT, steps, steps + 1, saveat)
        solver = ParallelNewton(diffrax.Tsit5(), steps=WINDOW, mode="auto")
        outer = diffrax_solve(system, solver, WINDOW * DT, steps, steps // WINDOW + 1, saveat)
        made += [Variant("diffrax", saved, inner, {}), Variant("parasim auto", saved, outer, goals)]
    return made


def end_state_differences(system: System) -> list[float]:
    """Return by how much each variant's state after a short run differs from the bare scan's."""
    y0 = jnp.asarray(system.y0)
    ends = [jax.jit(variant.run)(y0)[-1] for variant in variants(system, CHECKED_STEPS)]
    return [float(jnp.max(jnp.abs(end - ends[0])) / jnp.max(jnp.abs(ends[0]))) for end in ends]


def measure(name: str, system: System, steps: int, repeats: int) -> list[Result]:
    y0 = jnp.asarray(system.y0)
    known = variants(system, steps)
    runs, compile_seconds = zip(*(compiled(variant.run, y0) for variant in known), strict=True)
    taken_in_rounds = rounds(runs, y0, repeats)
    of_diffrax = {
        v.saved: taken_in_rounds[:, i] for i, v in enumerate(known) if v.name == "diffrax"
    }
    return [
        Result(
            name,
            variant.name,
            variant.saved,
            float(np.median(taken)) / steps * 1e6,
            float(np.median(taken / of_diffrax[variant.saved])),
            float(np.median(taken / taken_in_rounds[:, 0])),
            variant.goals,
            compiling,
            difference,
        )
        for variant, taken, compiling, difference in zip(
            known, taken_in_rounds.T, compile_seconds, end_state_differences(system), strict=True
        )
    ]


def goal_text(goals: dict[str, float]) -> str:
    names = {"to_diffrax": "diffrax", "to_scan": "scan"}
    return ", ".join(f"≤ {goal:g} {names[key]}" for key, goal in goals.items())


def table(results: list[Result]) -> Table:
    """Return the results as a table that is Markdown, to be copied into README.md."""
    made = Table(box=box.MARKDOWN)
    made.add_column("system")
    made.add_column("variant")
    made.add_column("saved")
    for heading in ("us/step", "/ diffrax", "/ scan"):
        made.add_column(heading, justify="right")
    made.add_column("goal")
    made.add_column("reached")
    for heading in ("compile s", "end state differs"):
        made.add_column(heading, justify="right")
    for r in results:
        made.add_row(
            r.system,
            r.variant,
            r.saved,
            f"{r.microseconds_per_step:.3f}",
            f"{r.to_diffrax:.3f}",
            f"{r.to_scan:.2f}",
            goal_text(r.goals),
            {True: "yes", False: "NO", None: ""}[r.reached],
            f"{r.compile_seconds:.2f}",
            f"{r.end_state_difference:.0e}",
        )
    return made


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--steps", type=int, default=100_000, help=f"of dt = {DT:g}; a multiple of {WINDOW}"
    )
    parser.add_argument("--repeats", type=int, default=11, help="rounds, after one unmeasured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    arguments = parser.parse_args()
    if arguments.steps < WINDOW or arguments.steps % WINDOW:
        parser.error(f"--steps must be a multiple of {WINDOW}, the steps of a window")
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    results = [
        result
        for name, system in SYSTEMS.items()
        for result in measure(name, system, arguments.steps, arguments.repeats)
    ]
    described = conditions(
        steps=arguments.steps,
        dt=DT,
        window=WINDOW,
        **{"saved times": SAVED_TIMES},
        repeats=arguments.repeats,
    )
    printed(described, table(results))
    if arguments.json:
        rows = [result._asdict() | {"reached": result.reached} for result in results]
        arguments.json.write_text(json.dumps(described | {"results": rows}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
