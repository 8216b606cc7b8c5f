"""The rules "plan" and "plan with growth gate" of shared/DECISION.md, section 5, for comparison."""

from dataclasses import dataclass, field

import numpy as np

from oracle.profiles import LONGEST, MOST_ITERATIONS
from oracle.rules import WINDOWS, Course

_SIZES = np.array(WINDOWS)
_RECORDS, _FORGETTING = 8, 0.8
_MARGIN, _BUDGET, _GROWTH_LIMIT = 1.05, 0.05, 4
_FIRST_CAP, _FIRST_LONGEST = 6, 128
_WAIT = 64
_NEAR_BEST = 0.8  # predicted rates within 20 % of the best count as that
_CALM, _GATE_WINDOW, _PROBE_WINDOW, _GATE_NEAR, _GATE_GAIN = 0.5, 1.5, 2.0, 0.9, 1.1


@dataclass
class _Plan:
    """The state of the rule along a run.

    Attributes:
        window, cap: of the next window.
        speed: steps per time that it is expected to deliver.
        records: the windows and the fronts of the last ones, the latest first.
        fails: how often in a row the plan was to step.
        position, time: of the run.
    """

    window: int
    cap: int = _FIRST_CAP
    speed: float = 0.0
    records: list[tuple[int, np.ndarray]] = field(default_factory=list)
    fails: int = 0
    position: float = 0.0
    time: float = 0.0


def plan(course: Course, gate: bool) -> float:
    """Return the time of the rule; with the gate growth admits longer windows, and probes."""
    costs, steps = course.costs, course.steps
    iteration = course.iteration(_SIZES)
    kinds = course.guess(_SIZES, np.array(False)), course.guess(_SIZES, np.array(True))
    # As much as an analogue costs, which most windows have.
    if not np.any(_SIZES / (2 * iteration + kinds[1]) > 1 / costs.step):
        return course.stepping
    state = _Plan(_first(iteration, kinds[0], np.nan))
    while state.position < steps:
        place = int(np.searchsorted(course.profiles.positions, state.position, "right")) - 1
        exponent = float(course.profiles.exponents[place])
        guess = kinds[int(course.profiles.analogue[place])]
        index = WINDOWS.index(state.window)
        fronts = np.minimum(course.profiles.fronts[place, 1], state.window)
        made = _made(course, state, fronts, guess[index], iteration[index])
        if made == 0:  # the budget allows no more
            return state.time + (steps - state.position) * costs.step
        delivered = int(fronts[made - 1])
        share = min(1.0, (steps - state.position) / delivered) if delivered else 1.0
        state.time += share * (guess[index] + made * iteration[index])
        state.position += delivered
        state.records = [(state.window, fronts[:made]), *state.records[: _RECORDS - 1]]
        _choose(state, guess, iteration)
        if gate:
            _jump(state, exponent, guess, iteration)
        if state.speed * costs.step < _MARGIN:
            waiting = min(_WAIT * 2**state.fails, steps - state.position)
            state.fails += 1
            state.position += max(waiting, 0)
            state.time += max(waiting, 0) * costs.step
            state.window = _first(iteration, guess, exponent if gate else np.nan)
            state.cap = _FIRST_CAP
        else:
            state.fails = 0
    return state.time


def _first(iteration: np.ndarray, guess: np.ndarray, exponent: float) -> int:
    """Return the smallest window near the best predicted rate, where nothing is known."""
    rates = _SIZES / (5 * iteration + guess)
    allowed = _SIZES <= _FIRST_LONGEST
    if exponent > 0:
        allowed &= (_SIZES * exponent <= _PROBE_WINDOW) | (WINDOWS[0] == _SIZES)
    good = allowed & (rates >= _NEAR_BEST * np.max(rates[allowed]))
    return int(_SIZES[good][0])


def _made(course: Course, state: _Plan, fronts: np.ndarray, guess: float, one: float) -> int:
    """Return how many iterations are made: as planned, more while they pay, within the budget."""
    left = course.steps - state.position
    most = (1 + _BUDGET) * course.stepping
    made = 0
    while made < MOST_ITERATIONS:
        front = float(fronts[made - 1]) if made else 0.0
        if made and front >= min(state.window, left):
            break
        after = state.time + guess + (made + 1) * one + max(left - front, 0) * course.costs.step
        if after > most:
            break
        if made >= max(state.cap, 2):
            gain, before = np.diff(np.append(0, fronts))[[made - 1, made - 2]]
            expected = gain * min(1.0, gain / before) if before > 0 else gain
            if expected / one <= state.speed:
                break
        made += 1
    return made


def _choose(state: _Plan, guess: np.ndarray, iteration: np.ndarray) -> None:
    """Take the window and the cap that would have delivered most in the last windows."""
    number = np.arange(1, MOST_ITERATIONS + 1)
    delivered = np.zeros((len(_SIZES), MOST_ITERATIONS))
    taken = np.zeros_like(delivered)
    for age, (window, fronts) in enumerate(state.records):
        weight, made = _FORGETTING**age, len(fronts)
        curve = np.append(fronts, np.full(MOST_ITERATIONS - made, fronts[-1]))
        reached = np.minimum(curve[None], _SIZES[:, None])
        used = np.broadcast_to(np.minimum(number, made), reached.shape)
        if fronts[-1] >= window:  # a longer one would go on, in one iteration more
            longer = (window < _SIZES)[:, None] & (number > made)[None]
            credit = np.minimum(_SIZES, 2 * window)[:, None]
            reached = np.where(longer, credit, reached)
            used = np.where(longer, made + 1, used)
        through = reached >= _SIZES[:, None]
        needed = np.where(through.any(1), through.argmax(1) + 1, MOST_ITERATIONS)
        used = np.minimum(used, needed[:, None])
        delivered += weight * reached
        taken += weight * (guess[:, None] + used * iteration[:, None])
    speeds = delivered / taken
    speeds[min(_GROWTH_LIMIT * state.window, LONGEST) < _SIZES] = 0
    best, cap = np.unravel_index(np.argmax(speeds), speeds.shape)
    state.window, state.cap = int(_SIZES[best]), int(cap) + 1
    state.speed = float(speeds[best, cap])


def _jump(state: _Plan, exponent: float, guess: np.ndarray, iteration: np.ndarray) -> None:
    """Go to much longer windows at once, where the last one was solved and tangents grow little."""
    window, fronts = state.records[0]
    if fronts[-1] < window or not exponent * window < _CALM:
        return
    rates = _SIZES / ((len(fronts) + 1) * iteration + guess)
    allowed = (window < _SIZES) & (exponent * _SIZES <= _GATE_WINDOW)
    if not allowed.any():
        return
    good = allowed & (rates >= _GATE_NEAR * np.max(rates[allowed]))
    index = int(np.argmax(good))
    if rates[index] > _GATE_GAIN * state.speed:
        state.window, state.cap = int(_SIZES[index]), len(fronts) + 1
        state.speed = float(rates[index])
