"""(b) Equal accuracy: who has an error below a target in how much time."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix

from parasim import ParallelNewton
from suite.exact_ends import TIMED, Timed
from suite.problems import difference
from suite.tables import Question, Row
from suite.timing import compiled

# Absolute tolerances are a thousandth of relative ones, for all.
_ATOL_PER_RTOL = 1e-3
_MOST_STEPS = 2**22
_SLOTS = 4096

EXPLICIT = diffrax.Tsit5(), diffrax.Dopri8()
_ROOTS = optimistix.Chord(rtol=1e-12, atol=1e-12)
_IMPLICIT = diffrax.Kvaerno5(root_finder=_ROOTS)


class Way(NamedTuple):
    """A way to solve a problem, more or less exactly.

    Attributes:
        solve: takes the first state and the setting; returns the end, NaN where it failed.
        settings: tolerances, or numbers of steps, the least exact first.
    """

    solve: Callable[[Any, Any], Any]
    settings: Sequence[float]


class Point(NamedTuple):
    """What one setting came to."""

    error: float
    seconds: float


def measure(
    problems: Sequence[str],
    targets: Sequence[float],
    repeats: int,
    limit: float,
    explicit: Sequence[Any] = EXPLICIT,
) -> Question:
    """Return the table.

    Arguments:
        problems: names of `TIMED`.
        targets: errors.
        repeats: rounds, in each of which all ways and settings take turns.
        limit: finer settings than one that takes more seconds are left out.
        explicit: the methods for problems that are not stiff.
    """
    rows: list[Row] = []
    compiling: dict[str, float] = {}
    for name in problems:
        found, took = _points(TIMED[name](), explicit, repeats, limit, min(targets))
        compiling |= {way: max(s, compiling.get(way, 0.0)) for way, s in took.items()}
        rows += [_row(name, target, found) for target in targets]
    return Question(
        "work_precision",
        "(b) Who is at the end with an error below a target, in how many milliseconds?",
        rows,
        [
            "The fastest setting that is accurate enough, of tolerances in half decades, and of "
            "steps of one size in numbers that double; nothing where none was.",
            "error: the largest one at the end, relative to the largest number, against Dopri8, or "
            "Kvaerno5, at rtol 1e-13.",
            "Robertson's problem is solved by Kvaerno5, the others by the better one of: "
            + ", ".join(type(solver).__name__ for solver in explicit),
            f"parasim's windows have up to {_SLOTS} inner steps.",
            "compiling took, at most: "
            + ", ".join(f"{way} {seconds:.1f} s" for way, seconds in compiling.items()),
        ],
    )


def _row(name: str, target: float, found: Mapping[str, Sequence[Point]]) -> Row:
    times = {
        way: min((p.seconds for p in points if p.error <= target), default=None)
        for way, points in found.items()
    }

    def best(whose: str) -> float | None:
        some = [t for way, t in times.items() if way.startswith(whose) and t is not None]
        return min(some, default=None)

    columns = {
        "diffrax adaptive": best("diffrax adaptive"),
        "diffrax fixed": best("diffrax fixed"),
        "parasim auto": best("parasim auto"),
        "parasim parallel": best("parasim parallel"),
    }
    theirs, ours = best("diffrax"), columns["parasim auto"]
    return {
        "problem": name,
        "error below": target,
        **{way: None if t is None else 1e3 * t for way, t in columns.items()},
        "auto / best of diffrax": ours / theirs if ours and theirs else None,
        "parallel / best of diffrax": columns["parasim parallel"] / theirs
        if columns["parasim parallel"] and theirs
        else None,
    }


def _points(
    problem: Timed, explicit: Sequence[Any], repeats: int, limit: float, finest: float
) -> tuple[dict[str, list[Point]], dict[str, float]]:
    """Measure every way at every setting, up to one that is fine enough."""
    exact = _exact(problem)
    running: dict[tuple[str, float], Callable[[], Any]] = {}
    errors: dict[tuple[str, float], float] = {}
    ways = _ways(problem, explicit)
    programs = compiled(
        {name: way.solve for name, way in ways.items()},
        {name: (problem.y0, jnp.asarray(way.settings[0], float)) for name, way in ways.items()},
    )
    for name, way in ways.items():
        run = programs[name].run
        for setting in way.settings:
            given = jnp.asarray(setting, float)
            start = time.perf_counter()
            end = jax.block_until_ready(run(problem.y0, given))
            taken = time.perf_counter() - start
            error = difference(end, exact)
            if np.isfinite(error):
                errors[name, setting] = error
                running[name, setting] = lambda run=run, given=given: run(problem.y0, given)
            if taken > limit or error < finest:
                break
    every: dict[tuple[str, float], list[float]] = {key: [] for key in running}
    for _ in range(repeats):
        for key, run in running.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            every[key].append(time.perf_counter() - start)
    found: dict[str, list[Point]] = {name: [] for name in programs}
    for (name, setting), seconds in every.items():
        found[name].append(Point(errors[name, setting], float(np.median(seconds))))
    return found, {name: program.compile_seconds for name, program in programs.items()}


def _ways(problem: Timed, explicit: Sequence[Any]) -> dict[str, Way]:
    tolerances = [10 ** (-3 - k / 2) for k in range(21)]
    numbers = [2.0**k for k in range(6, 20)]
    solvers = [_IMPLICIT] if problem.stiff else explicit
    ways = {}
    for solver in solvers:
        name = type(solver).__name__
        ways[f"diffrax adaptive {name}"] = Way(_adaptive(problem, solver), tolerances)
        ways[f"diffrax fixed {name}"] = Way(_fixed(problem, solver), numbers)
        for mode in ("auto", "parallel"):
            ways[f"parasim {mode} {name}"] = Way(_windows(problem, solver, mode), tolerances)
    return ways


def _adaptive(problem: Timed, solver: Any) -> Callable[[Any, Any], Any]:
    def solve(y0: Any, rtol: Any) -> Any:
        controller = diffrax.PIDController(rtol=rtol, atol=_ATOL_PER_RTOL * rtol)
        return _end(problem, solver, None, y0, controller)

    return solve


def _fixed(problem: Timed, solver: Any) -> Callable[[Any, Any], Any]:
    def solve(y0: Any, number: Any) -> Any:
        return _end(problem, solver, problem.t1 / number, y0, diffrax.ConstantStepSize())

    return solve


def _windows(problem: Timed, solver: Any, mode: str) -> Callable[[Any, Any], Any]:
    def solve(y0: Any, rtol: Any) -> Any:
        atol = _ATOL_PER_RTOL * rtol
        windows = ParallelNewton(solver, steps=_SLOTS, mode=mode, rtol=rtol, atol=atol)
        controller = diffrax.PIDController(rtol=rtol, atol=atol)
        return _end(problem, windows, problem.t1, y0, controller)

    return solve


def _end(problem: Timed, solver: Any, dt0: Any, y0: Any, controller: Any) -> Any:
    """Return the last state, NaN where the integration failed."""
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(problem.vector_field),
        *(solver, 0.0, problem.t1, dt0, y0),
        args=problem.args,
        stepsize_controller=controller,
        max_steps=_MOST_STEPS,
        throw=False,
    )
    good = solution.result == diffrax.RESULTS.successful
    return jax.tree.map(lambda leaf: jnp.where(good, leaf[-1], jnp.nan), solution.ys)


def _exact(problem: Timed) -> Any:
    solver = _IMPLICIT if problem.stiff else diffrax.Dopri8()
    return jax.jit(_adaptive(problem, solver))(problem.y0, jnp.asarray(1e-13, float))
