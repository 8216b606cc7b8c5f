"""(f) What `auto` costs against the best of its opponents, on every built-in flow and method."""

import diffrax
import optimistix

from parasim import ParallelNewton
from suite.problems import Problem, built_in_flows, by_diffrax, by_hand, difference
from suite.tables import Question
from suite.timing import Contestant, Race

EXPLICIT = [diffrax.Tsit5(), diffrax.Dopri5(), diffrax.Heun(), diffrax.Euler()]
_ROOTS = optimistix.Chord(rtol=1e-9, atol=1e-9)
IMPLICIT = [diffrax.ImplicitEuler(root_finder=_ROOTS), diffrax.Kvaerno5(root_finder=_ROOTS)]
WINDOW = 1000


def measure(
    steps: int, repeats: int, only: list[str] | None = None, implicit: bool = True
) -> Question:
    """Return the table.

    Arguments:
        steps: a multiple of 1,000.
        repeats: rounds.
        only: names of flows; None: all of them.
        implicit: whether implicit methods are among those measured.
    """
    methods = [*EXPLICIT, *IMPLICIT] if implicit else EXPLICIT
    rows = []
    for problem in built_in_flows():
        if only is not None and problem.name not in only:
            continue
        for solver in methods:
            race = Race(
                _contestants(problem, solver),
                lambda _, problem=problem: (problem.y0,),
                repeats,
                float("inf"),
            )
            made = steps if solver in EXPLICIT else max(WINDOW, steps // 10)
            found = race.at(made)
            ours = found.pop("parasim auto")
            best = min(found, key=lambda name: found[name].seconds)
            rows.append(
                {
                    "system": problem.name,
                    "method": type(solver).__name__,
                    "parasim auto, us per step": ours.seconds / made * 1e6,
                    "/ diffrax": ours.ratio(found["diffrax"]),
                    "best opponent": best,
                    "/ best opponent": ours.ratio(found[best]),
                    "compile s": ours.compile_seconds,
                    "differs": difference(ours.result, found[best].result),
                }
            )
    return Question(
        "automatic",
        "(f) What does `auto` take against the best opponent?",
        rows,
        [
            f"{steps} steps in windows of {WINDOW}, with implicit methods a tenth of them; the "
            "opponents keep the last state as well."
        ],
    )


def _contestants(problem: Problem, solver: diffrax.AbstractSolver) -> dict[str, Contestant]:
    ours = ParallelNewton(solver, steps=WINDOW)
    made = {
        "parasim auto": Contestant(lambda n: by_diffrax(problem, ours, n, WINDOW)),
        "diffrax": Contestant(lambda n: by_diffrax(problem, solver, n)),
    }
    if solver in EXPLICIT:
        made["lax.scan by hand"] = Contestant(lambda n: by_hand(problem, solver, n))
    return made
