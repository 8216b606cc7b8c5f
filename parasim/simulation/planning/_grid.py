"""The time grid of a run: t0 + n dt, divided into windows and thinned."""

import math
from dataclasses import dataclass

import numpy as np

from parasim._errors import ConfigError
from parasim._numbers import finite_number, whole_number

_TOLERANCE = 1e-6  # of a step: what t1 may be off the grid
_LARGEST_TOLERANCE = 0.1
_EPSILON = 2.0**-52


@dataclass(frozen=True)
class Grid:
    """The times t0 + n dt of a run, n = 0..steps, in windows, every k-th of them saved.

    Attributes:
        t0: the first time.
        dt: the step.
        steps: the number of steps.
        window: the number of steps in a window; the last window may be shorter.
        every: how many steps apart the saved states are.
    """

    t0: float
    dt: float
    steps: int
    window: int
    every: int

    @property
    def t1(self) -> float:
        """The last time."""
        return self.time(self.steps)

    @property
    def rows(self) -> int:
        """The number of saved states, the initial one included."""
        return self.steps // self.every + 1

    @property
    def windows(self) -> int:
        """The number of windows."""
        return -(-self.steps // self.window)

    @property
    def window_ends(self) -> np.ndarray:
        """The time at the end of each window."""
        stop = np.arange(1, self.windows + 1) * self.window
        return self.t0 + np.minimum(stop, self.steps) * self.dt

    @property
    def tail(self) -> int:
        """The number of steps in a shorter last window; 0 if all windows are full."""
        return self.steps % self.window

    def time(self, step: int) -> float:
        """Return the time after that many steps."""
        return self.t0 + step * self.dt

    def saved(self, start: int, stop: int) -> int:
        """Return how many of the steps start + 1 .. stop are saved."""
        return stop // self.every - start // self.every


def make_grid(t0: float, t1: float, dt: float, *, every: int = 1, window: int = 1024) -> Grid:
    """Check the times of a run and divide them.

    Arguments:
        t0: the first time.
        t1: the last time; t1 - t0 must be a whole number of steps, to 1e-6 of a step or
            to rounding, where that is more.
        dt: the step.
        every: save each `every`-th state.
        window: the number of steps in a window.

    Returns:
        The grid.

    Raises:
        ConfigError: a number is no number, not finite or out of range, or t1 is not on the grid;
            the message names the nearest times that are.
    """
    t0, t1, dt = (finite_number(*pair) for pair in (("t0", t0), ("t1", t1), ("dt", dt)))
    if dt <= 0:
        raise ConfigError(f"dt must be positive, not {dt:.12g}: it is the length of a step")
    if t1 < t0 + dt * (1 - _TOLERANCE):
        raise ConfigError(
            f"t1 = {t1:.12g} must be at least t0 + dt = {t0 + dt:.12g}: choose a later t1, "
            "or a smaller dt"
        )
    if t1 + dt / 2 == t1:
        raise ConfigError(
            f"dt = {dt:.12g} is lost in rounding beside t1 = {t1:.12g}: choose a larger dt"
        )
    ratio = (t1 - t0) / dt
    if not math.isfinite(ratio):
        raise ConfigError(
            f"there are too many steps of {dt:.12g} from t0 = {t0:.12g} to t1 = {t1:.12g} to be "
            "counted: choose a larger dt, or times that are closer together"
        )
    steps = round(ratio)
    # t0, t1, dt and what is computed of them are rounded, each to half a unit of its last digit.
    rounding = _EPSILON * (ratio + max(abs(t0), abs(t1)) / dt)
    if abs(ratio - steps) > min(_TOLERANCE + 2 * rounding, _LARGEST_TOLERANCE):
        lower, upper = t0 + math.floor(ratio) * dt, t0 + math.ceil(ratio) * dt
        raise ConfigError(
            f"t1 = {t1:.12g} is no whole number of steps of {dt:.12g} after t0 = {t0:.12g}: "
            f"choose t1 = {lower:.12g} or {upper:.12g}"
        )
    every = whole_number("every", every, minimum=1)
    if every > steps:
        raise ConfigError(
            f"every = {every} is more than the {steps} steps of the run, so that nothing but the "
            f"initial state would be saved: choose every = {steps} or less"
        )
    window = whole_number("steps", window, minimum=1)
    return Grid(t0, dt, steps, min(window, steps), every)
