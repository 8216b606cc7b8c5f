"""(d) The gradient of a loss on the last state."""

from collections.abc import Sequence
from typing import Any

import diffrax
import jax
import jax.numpy as jnp

from parasim import ParallelNewton
from suite.problems import Problem, by_diffrax, by_hand, difference, lorenz63, lorenz96
from suite.tables import Question
from suite.timing import Contestant, Race

WINDOW = 1000


PROBLEMS = lorenz63(28.0), lorenz96()


def measure(
    sizes: list[int], repeats: int, limit: float, problems: Sequence[Problem] = PROBLEMS
) -> Question:
    """Return the table; sizes are multiples of 1,000."""
    rows = []
    for problem in problems:
        race = Race(_contestants(problem), lambda _: (problem.y0,), repeats, limit)  # noqa: B023
        for n in sizes:
            found = race.at(n)
            for name, taken in found.items():
                rows.append(
                    {
                        "system": problem.name,
                        "N": n,
                        "by": name,
                        "us per step": taken.seconds / n * 1e6,
                        "/ diffrax": taken.ratio(found["diffrax"]),
                        "/ lax.scan": taken.ratio(found["lax.scan by hand"]),
                        "compile s": taken.compile_seconds,
                        "differs": difference(taken.result, found["diffrax"].result)
                        if taken.scaled_from is None and found["diffrax"].scaled_from is None
                        else None,
                        "scaled from N": taken.scaled_from,
                    }
                )
    return Question(
        "gradients",
        "(d) The gradient of the squared last state after N steps of Tsit5: by whom in what time?",
        rows,
        ["`lax.scan` keeps the stages of all steps, diffrax checkpoints, parasim keeps states."],
    )


def _contestants(problem: Problem) -> dict[str, Contestant]:
    def gradient(run: Any) -> Any:
        return jax.grad(lambda y0: jnp.sum(run(y0) ** 2))

    def windows(n: int) -> Any:
        solver = ParallelNewton(diffrax.Tsit5(), steps=WINDOW)
        return gradient(by_diffrax(problem, solver, n, WINDOW))

    return {
        "lax.scan by hand": Contestant(lambda n: gradient(by_hand(problem, diffrax.Tsit5(), n))),
        "diffrax": Contestant(lambda n: gradient(by_diffrax(problem, diffrax.Tsit5(), n))),
        "parasim auto": Contestant(windows),
    }
