"""Times of small pieces of work, robust against a machine that does other work as well.

A program does its work as often as it is told, so that the time of one turn is the slope between
two numbers of turns: what a call costs does not count. Programs take turns, and of each the
fastest runs count: a busy machine can only slow them down.
"""

from collections.abc import Callable, Mapping, Sequence

Program = Callable[[int], float]
"""Does its work so many times, and returns the seconds that this took."""

# Seconds: a run as long is timed well, and short enough to slip between the runs of others; all
# runs together take about so long; a turn that takes longer is not made if it can be avoided.
_WELL_TIMED, _ALTOGETHER, _TOO_LONG = 1e-3, 1.5, 0.2
_FEWEST_ROUNDS, _MOST_ROUNDS = 3, 200


def worth_timing(programs: Mapping[int, Program]) -> dict[int, Program]:
    """Return the programs that do not take too long, or else the first.

    Arguments:
        programs: by size, ascending; times are expected to grow in proportion to it.
    """
    chosen: dict[int, Program] = {}
    taken = 0.0
    for size, program in programs.items():
        if chosen and taken * size / max(chosen) > _TOO_LONG:
            break
        program(1)  # not timed: the first run may prepare things
        taken = program(1)
        chosen[size] = program
    return chosen


def seconds_per_turn(programs: Sequence[Program]) -> list[float]:
    """Return what a turn of each program takes."""
    turns = [_turns(program) for program in programs]
    short, long = [float("inf")] * len(programs), [float("inf")] * len(programs)
    spent = 0.0
    for made in range(_MOST_ROUNDS):
        if spent > _ALTOGETHER and made >= _FEWEST_ROUNDS:
            break
        for i, program in enumerate(programs):
            once, often = program(1), program(1 + turns[i])
            short[i], long[i] = min(short[i], once), min(long[i], often)
            spent += once + often
    return [_slope(*taken) for taken in zip(short, long, turns, strict=True)]


def _slope(once: float, often: float, turns: int) -> float:
    # Of programs that take as long as the noise the difference may be negative.
    return (often - once) / turns if often > once else often / (1 + turns)


def _turns(program: Program) -> int:
    """Return how many turns are timed well."""
    turns = 1
    while turns < 2**24 and min(program(turns) for _ in range(3)) < _WELL_TIMED:
        turns *= 2
    return turns
