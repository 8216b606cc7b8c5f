"""How far a run is, and what it has done so far."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parasim.simulation.planning._diagnostics import MODES


@dataclass(frozen=True)
class Progress:
    """A snapshot of a run.

    Attributes:
        t: the time that the simulation has reached, in the system's unit.
        steps: made so far, in all parts of a sweep.
        total_steps: of the whole run.
        new_steps: those that were not made in an earlier session.
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
    new_steps: int = 0
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
        return self.new_steps / self.run_seconds if self.run_seconds > 0 else 0.0


class Tally:
    """Adds up the records of windows as they come, over all regions of a run.

    Arguments:
        total_steps: of all regions.
        compile_seconds: the time that compilation took.
    """

    def __init__(self, total_steps: int, compile_seconds: float) -> None:
        self.step = 0  # of the region in work
        self.failed_at = math.nan
        self._total_steps = total_steps
        self._finished = self._known = 0  # steps of other regions, and steps of earlier sessions
        self._compile_seconds = compile_seconds
        self._began = time.monotonic()
        self._windows = self._parallel = self._fell_back = 0
        self._mode = ""
        self._growth_rate = math.nan
        self._growth_sum = 0.0
        self._growth_count = 0

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Add some windows, as `window_rows` returns them."""
        windows = rows["mode"].shape[-1]
        self._windows += windows
        if not windows:
            return
        # A window of an ensemble counts as parallel, or as fallen back, if one member's was.
        parallel = rows["mode"].reshape(-1, windows).max(axis=0)
        self._parallel += int(parallel.sum())
        self._mode = MODES[parallel[-1]]
        self._fell_back += int(rows["fell_back"].reshape(-1, windows).max(axis=0).sum())
        growth = rows["growth_rate"].reshape(-1, windows)
        going = rows["mode"].reshape(-1, windows) >= 0  # of runs that have not failed
        growth = np.mean(growth, axis=0, where=going)
        measured = growth[np.isfinite(growth)]
        if len(measured):
            self._growth_rate = float(measured[-1])
            self._growth_sum += float(measured.sum())
            self._growth_count += len(measured)

    def begin(self, step: int) -> None:
        """Begin with a region, of which some steps were made in an earlier session."""
        self.step = step
        self._known += step

    def reach(self, step: int) -> None:
        """Note how many steps of the region in work have been made."""
        self.step = step

    def finish(self) -> None:
        """Note that the region in work is complete."""
        self._finished += self.step
        self.step = 0

    def skip(self, steps: int) -> None:
        """Note a region that an earlier session has completed."""
        self._finished += steps
        self._known += steps

    def snapshot(self, t: float) -> Progress:
        """Return what there is to see."""
        steps = self._finished + self.step
        return Progress(
            t=t,
            steps=steps,
            total_steps=self._total_steps,
            new_steps=steps - self._known,
            windows=self._windows,
            parallel=self._parallel,
            fell_back=self._fell_back,
            mode=self._mode,
            growth_rate=self._growth_rate,
            mean_growth_rate=(
                self._growth_sum / self._growth_count if self._growth_count else math.nan
            ),
            compile_seconds=self._compile_seconds,
            run_seconds=time.monotonic() - self._began,
        )
