"""(a) The same steps of the same method: who makes N of them in how much time."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import diffrax
import jax
import jax.numpy as jnp

from parasim import ParallelNewton
from parasim.integrators.kernels._choice import kernels_in_use
from suite.problems import Problem, by_diffrax, by_hand, difference, fitzhugh_nagumo, lorenz63
from suite.tables import Question
from suite.timing import Contestant, Race

PROBLEMS = lorenz63(10.0), fitzhugh_nagumo(), lorenz63(28.0)

# By its column, the opponent that times are divided by.
OPPONENTS = {
    "/ diffrax": "diffrax",
    "/ lax.scan": "lax.scan by hand",
    "/ fused sequential": "parasim fused sequential",
}


def measure(
    sizes: list[int],
    repeats: int,
    limit: float,
    window: int,
    problems: Sequence[Problem] = PROBLEMS,
) -> Question:
    """Return the table.

    Arguments:
        sizes: the numbers of steps.
        repeats: rounds.
        limit: an opponent that would take more seconds is scaled.
        window: the steps of parasim's windows, where there are as many.
        problems: what is solved.
    """
    rows, notes = [], []
    if kernels_in_use():
        notes.append(
            "`parasim fused sequential`: the loop over the steps of a window is one kernel."
        )
    for problem in problems:
        contestants = _contestants(problem, window, max(sizes))
        race = Race(contestants, partial(_inputs, problem), repeats, limit)
        for n in sizes:
            found = race.at(n)
            hand = found["lax.scan by hand"]
            for name, taken in found.items():
                rows.append(
                    {
                        "system": problem.name,
                        "N": n,
                        "by": name,
                        "ns per step": taken.seconds / n * 1e9,
                        **{
                            column: taken.ratio(found[opponent])
                            for column, opponent in OPPONENTS.items()
                            if opponent in found
                        },
                        "compile s": taken.compile_seconds,
                        "differs": difference(taken.result, hand.result)
                        if taken.scaled_from is None and hand.scaled_from is None
                        else None,
                        "scaled from N": taken.scaled_from,
                    }
                )
    return Question(
        "same_discretisation",
        "(a) N steps of Tsit5 of one size: by whom in what time?",
        rows,
        [
            f"parasim's windows have {window} steps, or N where that is less.",
            "`differs`: the last state, relative to the scan's; chaos amplifies rounding errors.",
            *notes,
        ],
    )


def _contestants(problem: Problem, window: int, most: int) -> dict[str, Contestant]:
    @cache
    def windows(mode: str, steps: int) -> Callable[..., Any]:
        solver = ParallelNewton(diffrax.Tsit5(), steps=steps, mode=mode)
        return by_diffrax(problem, solver, most, steps)

    def by_scan(n: int) -> Callable[..., Any]:
        run = by_hand(problem, diffrax.Tsit5(), n)
        return lambda y0, _: run(y0)

    step_by_step = by_diffrax(problem, diffrax.Tsit5(), most)
    made = {
        "lax.scan by hand": Contestant(by_scan),
        "diffrax": Contestant(lambda _: step_by_step),
        "parasim auto": Contestant(lambda n: windows("auto", min(window, n))),
        "parasim parallel": Contestant(lambda n: windows("parallel", min(window, n))),
    }
    if kernels_in_use():  # elsewhere that is what `auto` does on a CPU
        made["parasim fused sequential"] = Contestant(
            lambda n: windows("sequential", min(window, n))
        )
    if jax.default_backend() != "cpu":
        host = jax.devices("cpu")[0]
        for name in ("lax.scan by hand", "diffrax", "parasim auto"):
            made[f"{name}, on the CPU"] = made[name]._replace(device=host)
    return made


def _inputs(problem: Problem, n: int) -> tuple[Any, Any]:
    return problem.y0, n * jnp.asarray(problem.dt)
