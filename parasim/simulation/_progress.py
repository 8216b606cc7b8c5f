"""How far a run is, and what it has done so far."""

import math
from dataclasses import dataclass

import numpy as np

from parasim.simulation._diagnostics import MODES


@dataclass(frozen=True)
class Progress:
    """A snapshot of a run.

    Attributes:
        t: the time that the simulation has reached, in the system's unit.
        steps: made so far.
        total_steps: of the whole run.
        windows: computed so far.
        parallel: how many of them Newton's method delivered.
        fell_back: how many of them it was tried on without success.
        mode: what delivered the last window, "sequential" or "parallel"; empty before the first.
        growth_rate: as measured last, mean over members, nats per time unit; NaN if never.
        mean_growth_rate: of all measurements; NaN if there is none.
        compile_seconds: the time that compilation took.
        run_seconds: the time since then.
    """

    t: float
    steps: int = 0
    total_steps: int = 0
    windows: int = 0
    parallel: int = 0
    fell_back: int = 0
    mode: str = ""
    growth_rate: float = math.nan
    mean_growth_rate: float = math.nan
    compile_seconds: float = 0.0
    run_seconds: float = 0.0

    @property
    def sequential(self) -> int:
        """How many windows were stepped through."""
        return self.windows - self.parallel

    @property
    def steps_per_second(self) -> float:
        """Steps per second of run time; 0 before the first."""
        return self.steps / self.run_seconds if self.run_seconds > 0 else 0.0


class Tally:
    """Adds up the records of windows as they come."""

    def __init__(self) -> None:
        self.windows = self.parallel = self.fell_back = 0
        self.mode = ""
        self.growth_rate = math.nan
        self._growth_sum = 0.0
        self._growth_count = 0

    def add(self, rows: dict[str, np.ndarray]) -> None:
        """Add some windows, as `window_rows` returns them."""
        self.windows += len(rows["window_time"])
        # A window of an ensemble counts as parallel, or as fallen back, if one member's was.
        parallel = np.atleast_2d(rows["mode"]).max(axis=0)
        self.parallel += int(parallel.sum())
        self.mode = MODES[parallel[-1]] if parallel.size else self.mode
        self.fell_back += int(np.atleast_2d(rows["fell_back"]).max(axis=0).sum())
        growth = np.atleast_2d(rows["growth_rate"]).mean(axis=0)
        measured = growth[np.isfinite(growth)]
        if len(measured):
            self.growth_rate = float(measured[-1])
            self._growth_sum += float(measured.sum())
            self._growth_count += len(measured)

    @property
    def mean_growth_rate(self) -> float:
        """Mean of all measurements; NaN if there is none."""
        return self._growth_sum / self._growth_count if self._growth_count else math.nan
