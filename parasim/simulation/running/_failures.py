"""Which runs of a region stopped being finite, and what is kept of them."""

from collections.abc import Mapping

import numpy as np

from parasim._errors import NotFiniteError
from parasim.simulation.planning._plan import Plan

_NAMED = 5


class Failures:
    """The runs of a region whose state is not finite any more, and since when.

    The others go on. Of a run that failed, the window in which it did and all after it hold fill
    values.

    Arguments:
        plan: of the run.
        region: its number.
        windows: what is stored about the windows before, as in `Start`.
    """

    def __init__(self, plan: Plan, region: int, windows: Mapping[str, np.ndarray]) -> None:
        self._plan = plan
        self._place = plan.layout.regions[region]
        shape = tuple(part.stop - part.start for part in self._place)
        # Per run, the window in which it failed; none has a number that high.
        self._since = np.full(shape, plan.layout.windows)
        self._windows = 0
        if "mode" in windows:
            modes = windows["mode"]
            self._windows = modes.shape[-1]
            good = (modes != _unwritten(plan, "mode")).sum(axis=-1)
            self._since = np.where(good < self._windows, good, self._since)

    @property
    def some(self) -> bool:
        """Whether there are any."""
        return bool(np.any(self._since < self._plan.layout.windows))

    @property
    def first_time(self) -> float:
        """The time at the end of the first window in which one failed."""
        return float(self._plan.layout.window_ends[np.min(self._since)])

    def note(self, finite: np.ndarray) -> None:
        """Take note of the windows that follow.

        Arguments:
            finite: whether states are finite at their ends, shape (*runs, windows).
        """
        good = np.logical_and.accumulate(finite, axis=-1).sum(axis=-1)
        number = self._windows + good
        failed = (good < finite.shape[-1]) & (self._since > number)
        self._since = np.where(failed, number, self._since)
        self._windows += finite.shape[-1]

    def masked(
        self, rows: Mapping[str, np.ndarray], first_window: int, rows_before: int
    ) -> dict[str, np.ndarray]:
        """Put fill values where runs had failed.

        Arguments:
            rows: by name of the array, with the axes of the region in front.
            first_window: the number of the first one that they are about.
            rows_before: how many states of each run were saved before them.
        """
        if not self.some:
            return dict(rows)
        grid, fields = self._plan.grid, {f.name: f for f in self._plan.layout.fields}
        saved = np.minimum(self._since * grid.window, grid.steps) // grid.every + 1
        good = {"time": saved - rows_before, "window": self._since - first_window}
        masked = {}
        for name, block in rows.items():
            count = good[fields[name].along]
            axis = count.ndim
            there = np.arange(block.shape[axis]) < count[..., None]
            there = there.reshape(*there.shape, *[1] * (block.ndim - there.ndim))
            masked[name] = np.where(there, block, fields[name].fill_value)
        return masked

    def error(self) -> NotFiniteError:
        """Return what to raise when the other runs are complete."""
        points = np.argwhere(self._since < self._plan.layout.windows)
        return NotFiniteError(
            f"the state of {self._plan.model.name}{named_runs(self._plan, self._place, points)} "
            f"stopped being finite, first before t = {self.first_time:.12g}: try a smaller dt, or "
            "other parameters or initial values; the windows before it, and all of the other "
            "runs, are in the store"
        )


def named_runs(plan: Plan, place: tuple[slice, ...], points: np.ndarray) -> str:
    """Say which runs of a region are meant, in words that follow a name.

    Arguments:
        plan: of the run.
        place: of the region.
        points: the indices of the runs in it, one row each; without columns for a single run.
    """
    if not points.shape[-1]:
        return ""
    points = points + [part.start for part in place]
    names = [_named_run(plan, point) for point in points[:_NAMED]]
    if len(points) > _NAMED:
        names[-1] += f" and {len(points) - _NAMED} more"
    kind = "member" if list(plan.runs.axes) == ["member"] else "run"
    return f" in {kind} {names[0]}" if len(points) == 1 else f" in the {kind}s {', '.join(names)}"


def _named_run(plan: Plan, point: np.ndarray) -> str:
    """Name a run by its coordinates, a member by its number."""
    axes = list(plan.runs.axes)
    if axes == ["member"]:
        return str(point[0])
    where = {c.name: c.values[point[axes.index(c.axis)]] for c in plan.runs.coordinates}
    return "(" + ", ".join(f"{name} = {value:g}" for name, value in where.items()) + ")"


def _unwritten(plan: Plan, name: str) -> int:
    return next(f.fill_value for f in plan.layout.fields if f.name == name)
