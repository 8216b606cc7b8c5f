"""The rules that are compared, on recorded profiles: fixed ones, the oracle, and planning ones.

The profile that was recorded last before a place tells what a window from there would do. A rule's
time is that of DeviceCosts; the last window is charged only for what is left of the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from oracle.profiles import LONGEST, MOST_ITERATIONS, Profiles
from parasim import DeviceCosts

WINDOWS = tuple(2**n for n in range(5, 13))
assert WINDOWS[-1] == LONGEST
CAPS = (2, 3, 4, 5, 6, 8, 10, 12)
GUESSES = ("coarse", "analogue")

# The cap of fixed rules: the product's `restart_every`.
_CAP = 5


class Best(NamedTuple):
    """The oracle: the best fixed way in hindsight.

    Attributes:
        time: that it takes.
        window: N; 0 for stepping.
        cap: of the iterations.
        guess: of which kind.
    """

    time: float
    window: int
    cap: int
    guess: str


@dataclass(frozen=True)
class Course:
    """A run of so many steps, with what is known of windows along it.

    Attributes:
        profiles: along the run.
        costs: of the device.
        interval: L.
        steps: of the run.
    """

    profiles: Profiles
    costs: DeviceCosts
    interval: int
    steps: int

    @property
    def stepping(self) -> float:
        """The time of stepping through the run."""
        return self.costs.step * self.steps

    @cached_property
    def edges(self) -> np.ndarray:
        """Where profiles end to hold."""
        positions = self.profiles.positions
        return np.minimum(np.append(positions[1:], self.steps), self.steps)

    def guess(self, windows: np.ndarray, analogue: np.ndarray) -> np.ndarray:
        """Return what the first guess costs; an analogue the launches of an iteration."""
        coarse = self.costs.step * np.ceil(windows / self.interval)
        return np.where(analogue, self.costs.iteration, coarse)

    def iteration(self, windows: np.ndarray) -> np.ndarray:
        """Return what an iteration costs."""
        one = np.vectorize(self.costs.one_iteration, otypes=[float])
        return one(windows, self.interval)

    def window(
        self, place: np.ndarray, windows: np.ndarray, caps: np.ndarray, guesses: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how many steps a window delivers, and its time.

        Arguments:
            place: of the profile.
            windows: N.
            caps: of the iterations.
            guesses: of which kind; indices into `GUESSES`.
        """
        fronts = self.profiles.fronts[place, guesses]
        through = fronts >= windows[:, None]
        needed = np.where(through.any(1), through.argmax(1) + 1, MOST_ITERATIONS)
        made = np.minimum(needed, caps)
        delivered = np.minimum(fronts[np.arange(len(made)), made - 1], windows)
        analogue = (guesses == 1) & self.profiles.analogue[place]
        time = self.guess(windows, analogue) + made * self.iteration(windows)
        stuck = delivered == 0
        time = time + np.where(stuck, self.interval * self.costs.step, 0)
        return np.where(stuck, self.interval, delivered), time


def fixed(course: Course, windows: np.ndarray, caps: np.ndarray, guesses: np.ndarray) -> np.ndarray:
    """Return the times of fixed ways through the run, one window after the other."""
    position, time = np.zeros(len(windows)), np.zeros(len(windows))
    for place, edge in enumerate(course.edges):
        delivered, taken = course.window(np.full(len(windows), place), windows, caps, guesses)
        count = np.maximum(np.ceil((edge - position) / delivered), 0)
        position, time = position + count * delivered, time + count * taken
        over = np.maximum(position - course.steps, 0)
        time = time - over / delivered * taken
        position = position - over
    return time


def oracle(courses: Sequence[Course]) -> Best:
    """Return the best fixed way: stepping, or a window, a cap on iterations and a guess.

    One way for all runs of a system; the time is their mean.
    """
    ways = np.array([(n, k, g) for n in WINDOWS for k in CAPS for g in range(len(GUESSES))])
    times = np.mean([fixed(course, *ways.T) for course in courses], axis=0)
    best = int(np.argmin(times))
    stepping = courses[0].stepping
    if times[best] >= stepping:
        return Best(stepping, 0, 0, "")
    window, cap, guess = ways[best]
    return Best(float(times[best]), int(window), int(cap), GUESSES[guess])


def always(course: Course, window: int) -> float:
    """Return the time of one window after the other, from analogues where there are any."""
    return float(fixed(course, np.array([window]), np.array([_CAP]), np.array([1]))[0])


def sign_of_exponent(course: Course, window: int) -> float:
    """Return the time of `always` where the running exponent is negative, and stepping elsewhere.

    The choice is made anew at every profile.
    """
    position, time = 0.0, 0.0
    windows, caps, guesses = np.array([window]), np.array([_CAP]), np.array([1])
    for place, edge in enumerate(course.edges):
        if position >= edge:
            continue
        if course.profiles.exponents[place] < 0:
            delivered, taken = course.window(np.array([place]), windows, caps, guesses)
            count = np.ceil((edge - position) / delivered[0])
            count = min(count, (course.steps - position) / delivered[0])
            position, time = position + count * delivered[0], time + count * taken[0]
        else:
            time += (edge - position) * course.costs.step
            position = float(edge)
    return time
