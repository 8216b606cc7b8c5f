"""(f) What `auto` costs against the best of its opponents, on every built-in flow and method."""

from collections.abc import Sequence

import diffrax
import jax
import optimistix

from parasim import ParallelNewton
from suite.problems import Problem, built_in_flows, by_diffrax, by_hand, difference
from suite.tables import Question
from suite.timing import Contestant, Race

EXPLICIT = [diffrax.Tsit5(), diffrax.Dopri5(), diffrax.Heun(), diffrax.Euler()]
_ROOTS = optimistix.Chord(rtol=1e-9, atol=1e-9)
IMPLICIT = [diffrax.ImplicitEuler(root_finder=_ROOTS), diffrax.Kvaerno5(root_finder=_ROOTS)]
WINDOW = 1000

# Implicit steps of more variables take their Jacobian's factors and little else, for minutes.
_MOST_IMPLICIT = 100


def measure(
    steps: int,
    repeats: int,
    only: Sequence[str] | None = None,
    methods: Sequence[diffrax.AbstractSolver] = (*EXPLICIT, *IMPLICIT),
) -> Question:
    """Return the table.

    Arguments:
        steps: a multiple of 1,000.
        repeats: rounds.
        only: names of flows; None: all of them.
        methods: of `EXPLICIT` and `IMPLICIT`.
    """
    rows = []
    for problem in built_in_flows():
        if only is not None and problem.name not in only:
            continue
        size = sum(leaf.size for leaf in jax.tree.leaves(problem.y0))
        for solver in methods:
            if solver in IMPLICIT and size > _MOST_IMPLICIT:
                continue
            race = Race(
                _contestants(problem, solver),
                lambda _, problem=problem: (problem.y0,),
                repeats,
                float("inf"),
            )
            made = steps if solver in EXPLICIT else steps // 10
            made = max(2, made // max(1, size // 10) // WINDOW) * WINDOW
            found = race.at(made)
            ours = found.pop("parasim auto")
            best = min(found, key=lambda name: found[name].seconds)
            rows.append(
                {
                    "system": problem.name,
                    "method": type(solver).__name__,
                    "steps": made,
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
            f"Windows of {WINDOW} steps, fewer of them for implicit methods and many variables; "
            f"none implicit for more than {_MOST_IMPLICIT}. The opponents keep the last state only."
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
