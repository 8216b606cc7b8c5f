"""(a) The same steps of the same method: who makes N of them in how much time."""

import diffrax
import jax

from parasim import ParallelNewton
from suite.problems import Problem, by_diffrax, by_hand, difference, fitzhugh_nagumo, lorenz63
from suite.tables import Question
from suite.timing import Contestant, Race


def measure(sizes: list[int], repeats: int, limit: float, window: int) -> Question:
    """Return the table.

    Arguments:
        sizes: the numbers of steps.
        repeats: rounds.
        limit: an opponent that would take more seconds is scaled.
        window: the steps of parasim's windows, where there are as many.
    """
    rows = []
    for problem in (lorenz63(10.0), fitzhugh_nagumo(), lorenz63(28.0)):
        race = Race(_contestants(problem, window), lambda _: (problem.y0,), repeats, limit)  # noqa: B023
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
                        "/ diffrax": taken.ratio(found["diffrax"]),
                        "/ lax.scan": taken.ratio(hand),
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
        ],
    )


def _contestants(problem: Problem, window: int) -> dict[str, Contestant]:
    def windows(mode: str) -> Contestant:
        def make(n: int):
            steps = min(window, n)
            solver = ParallelNewton(diffrax.Tsit5(), steps=steps, mode=mode)
            return by_diffrax(problem, solver, n, steps)

        return Contestant(make)

    made = {
        "lax.scan by hand": Contestant(lambda n: by_hand(problem, diffrax.Tsit5(), n)),
        "diffrax": Contestant(lambda n: by_diffrax(problem, diffrax.Tsit5(), n)),
        "parasim auto": windows("auto"),
        "parasim parallel": windows("parallel"),
    }
    if jax.default_backend() != "cpu":
        host = jax.devices("cpu")[0]
        for name in ("lax.scan by hand", "diffrax", "parasim auto"):
            made[f"{name}, on the CPU"] = made[name]._replace(device=host)
    return made
