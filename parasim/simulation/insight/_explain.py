"""What was decided in a run, and what the other choice would have cost."""

import math
import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from parasim.integrators import REASONS, DeviceCosts
from parasim.io._records import StoredWindows, read_windows
from parasim.simulation.insight._outlook import Outlook, outlook

PARALLEL, FELL_BACK, STEPPED = "parallel", "fell back", "stepped"


@dataclass(frozen=True)
class Stretch:
    """Windows one after the other that were found in the same way, for the same reason.

    Attributes:
        first: the number of the first one, from 1.
        windows: how many there are.
        end: the time at the end of the last one.
        how: "parallel" (Newton's method delivered them), "fell back" (they began in parallel, and
            the rest was stepped through) or "stepped".
        reason: why it was tried so.
        steps: in all of them.
        parallel_steps: how many of these Newton's method delivered.
        iterations: of Newton's method, in all of them.
        predicted_iterations: how many were expected; NaN unless they were of every window.
        cost: what they are reckoned to have taken, in sequential steps.
        wasted: how much of that pieces took that were slower than stepping.
    """

    first: int
    windows: int
    end: float
    how: str
    reason: str
    steps: int
    parallel_steps: int
    iterations: int
    predicted_iterations: float
    cost: float
    wasted: float


@dataclass(frozen=True)
class Explanation:
    """What was decided in a run, and what the other choice would have cost.

    Times are reckoned as the decision reckons them, by the costs of the device, in units of a
    sequential step where that was made. Members of an ensemble wait for the slowest.

    Attributes:
        title: of the system.
        status: "running", "complete", "interrupted" or "failed".
        time_unit: of the system.
        platform, device: what it ran on.
        decision: the class of the decision, and its parameters.
        costs: of the device, in any one unit; with a `host_step` where the host's CPU stepped.
        window_steps: the steps of a full window.
        window_time: the time that it spans.
        windows, steps: how many there are.
        parallel_windows: how many windows Newton's method delivered.
        fell_back: how many began in parallel, and were stepped through from somewhere on.
        parallel_steps: how many steps Newton's method delivered.
        cost: what the run is reckoned to have taken.
        wasted: how much of that pieces took that were slower than stepping.
        iterations: of Newton's method, in the windows that it delivered and for which a number was
            predicted.
        predicted_iterations: what was predicted for these.
        predicted_windows: how many these are.
        parallel_cost: what all windows would have taken in parallel, where that is known: as they
            did, or as was predicted for them; relative to stepping; NaN if it is known of none.
        parallel_known: of how many windows it is known.
        iteration_cost: of one iteration on a full window.
        guess_cost: of its first guess.
        outlook: what the growth of tangents says about the system.
        stretches: in the order of time.
    """

    title: str
    status: str
    time_unit: str
    platform: str
    device: str
    decision: dict[str, Any]
    costs: dict[str, float]
    window_steps: int
    window_time: float
    windows: int
    steps: int
    parallel_windows: int
    fell_back: int
    parallel_steps: int
    cost: float
    wasted: float
    iterations: int
    predicted_iterations: float
    predicted_windows: int
    parallel_cost: float
    parallel_known: int
    iteration_cost: float
    guess_cost: float
    outlook: Outlook
    stretches: tuple[Stretch, ...]

    @property
    def speed(self) -> float:
        """How many times as fast as stepping through everything the run was; NaN if it is empty."""
        return self.steps / self.cost if self.cost > 0 else math.nan


class _Windows:
    """The windows of a run as arrays with a number per window; of an ensemble the slowest."""

    def __init__(self, stored: StoredWindows) -> None:
        configuration, values = stored.attributes["configuration"], stored.values
        self.length = int(configuration["solver"]["steps"])
        span = configuration["t1"] - configuration["t0"]
        total = round(span / configuration["dt"])
        self.steps = np.minimum(self.length, total - self.length * np.arange(len(stored)))
        self.ends = stored.ends
        self.parallel = values["mode"].min(axis=0) == 1
        self.fell_back = (values["fell_back"].max(axis=0) == 1) & ~self.parallel
        self.parallel_steps = values["parallel_steps"].min(axis=0)
        self.iterations = values["iterations"].max(axis=0)
        self.predicted = values["predicted_iterations"].max(axis=0)
        self.cost = values["cost"].max(axis=0)
        self.wasted = values["wasted"].max(axis=0)
        self.gain = values["gain"].min(axis=0)
        self.reasons = _reasons(stored)

    @property
    def how(self) -> list[str]:
        """How each of them was found."""
        flags = zip(self.parallel, self.fell_back, strict=True)
        return [PARALLEL if p else FELL_BACK if f else STEPPED for p, f in flags]


def explain_store(path: str | os.PathLike[str]) -> Explanation:
    """Say what was decided in the run that a store holds; the trajectory itself is not read.

    Raises:
        StoreError: there is no store, or it is something else.
    """
    stored = read_windows(path)
    attributes, windows = stored.attributes, _Windows(stored)
    configuration = attributes["configuration"]
    solver = configuration["solver"]
    times = {name: v for name, v in solver["costs"].items() if name != "class"}
    costs = {name: float(value) for name, value in times.items() if value is not None}
    device, interval = DeviceCosts(**costs), int(solver["method"]["interval"])
    ratios, known = _in_parallel(windows)
    predicted = windows.parallel & np.isfinite(windows.predicted)
    return Explanation(
        title=attributes["title"],
        status=stored.status,
        time_unit=stored.time_unit,
        platform=attributes["platform"],
        device=attributes["device"],
        decision=configuration["decision"],
        costs=costs,
        window_steps=windows.length,
        window_time=windows.length * configuration["dt"],
        windows=len(stored),
        steps=int(windows.steps.sum()),
        parallel_windows=int(windows.parallel.sum()),
        fell_back=int(windows.fell_back.sum()),
        parallel_steps=int(windows.parallel_steps.sum()),
        cost=float(windows.cost.sum()),
        wasted=float(windows.wasted.sum()),
        iterations=int(windows.iterations[predicted].sum()),
        predicted_iterations=float(windows.predicted[predicted].sum()),
        predicted_windows=int(predicted.sum()),
        parallel_cost=ratios,
        parallel_known=known,
        iteration_cost=device.one_iteration(windows.length, interval) / device.stepping,
        guess_cost=device.guess(windows.length, interval) / device.stepping,
        outlook=outlook(stored, windows.length * configuration["dt"]),
        stretches=tuple(_stretches(windows)),
    )


def _in_parallel(windows: _Windows) -> tuple[float, int]:
    """Return what windows take in parallel, relative to stepping, and of how many that is known."""
    with np.errstate(divide="ignore"):  # where nothing converged no speed can be predicted
        taken = np.where(windows.parallel, windows.cost, windows.steps / windows.gain)
    known = np.isfinite(taken)
    steps = windows.steps[known].sum()
    return float(taken[known].sum() / steps) if steps else math.nan, int(known.sum())


def _reasons(stored: StoredWindows) -> list[str]:
    """Return the reason of each window: of an ensemble that of a member that decided."""
    texts = {_letters(text): text for text in REASONS}
    words = [texts.get(_letters(word), word) for word in stored.reasons]
    numbers, waited = stored.values["reason"], "parallel does not pay for another member"
    follows = [number for number, text in enumerate(words) if text.startswith(waited)]
    decider = np.argmin(np.isin(numbers, follows), axis=0)
    return [words[number] for number in np.take_along_axis(numbers, decider[None], axis=0)[0]]


def _letters(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.lower())


def _stretches(windows: _Windows) -> list[Stretch]:
    how, reasons = windows.how, windows.reasons
    kinds = list(zip(how, reasons, strict=True))
    starts = [n for n in range(len(kinds)) if n == 0 or kinds[n] != kinds[n - 1]]
    stops = [*starts[1:], len(kinds)]
    return [_stretch(windows, slice(a, b), *kinds[a]) for a, b in zip(starts, stops, strict=False)]


def _stretch(windows: _Windows, which: slice, how: str, reason: str) -> Stretch:
    return Stretch(
        first=which.start + 1,
        windows=which.stop - which.start,
        end=float(windows.ends[which.stop - 1]),
        how=how,
        reason=reason,
        steps=int(windows.steps[which].sum()),
        parallel_steps=int(windows.parallel_steps[which].sum()),
        iterations=int(windows.iterations[which].sum()),
        predicted_iterations=float(windows.predicted[which].sum()),
        cost=float(windows.cost[which].sum()),
        wasted=float(windows.wasted[which].sum()),
    )
