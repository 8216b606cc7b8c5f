"""Runs a plan: windows are computed on the device while earlier ones are written."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self

import jax
import numpy as np

from parasim._errors import NotFiniteError, SolverError
from parasim.io._commits import Commit, Start
from parasim.io._patch import PatchWriter
from parasim.io._writer import Mark
from parasim.simulation.planning._diagnostics import window_rows
from parasim.simulation.planning._plan import Plan
from parasim.simulation.running._compile import Compiled, checkpoint, from_checkpoint
from parasim.simulation.running._failures import Failures, named_runs
from parasim.simulation.running._progress import Progress, Tally
from parasim.simulation.running._windows import Batch, Position

_CALL_SECONDS = (0.1, 0.5)

Report = Callable[[Progress], None]


class Writer(Protocol):
    """Takes the rows of a region, as `RegionWriter` does."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: Any, error: Any, traceback: Any, /) -> None: ...
    def put(self, rows: Mapping[str, np.ndarray], mark: Mark | None = None) -> None: ...


class Session(Protocol):
    """What a run is put in, as `StoreSession` is."""

    def annotate(self, **attributes: Any) -> None: ...
    def start(self, region: int) -> Start: ...
    def writer(self, region: int, commit: Commit) -> Writer: ...


@dataclass(frozen=True, eq=False)
class Call:
    """A call that was dispatched.

    Attributes:
        start: the number of its first step.
        steps: in each of its windows.
        batch: what it delivers.
        position: behind it, from where the run can go on; None behind a shorter last window, which
            would be longer in a longer run.
    """

    start: int
    steps: int
    batch: Batch
    position: Position | None

    @property
    def stop(self) -> int:
        """The number of steps behind it; waits for it."""
        return self.start + self.steps * int(self.batch.windows)


def execute(
    plan: Plan, compiled: Compiled, session: Session, progress: Report | None = None
) -> None:
    """Integrate what a session lacks, region by region, and put every saved state and window in it.

    Arguments:
        plan: the run.
        compiled: by `compile_plan`.
        session: entered; leaving it is the caller's.
        progress: called after each batch of windows.

    Raises:
        SolverError: a state stopped being finite; the store holds every window before, and all of
            the other runs.
        StoreError: rows could not be written.
    """
    tally = Tally(plan.grid.steps * len(plan.layout.regions), compiled.seconds)
    failures = []
    for region in range(len(plan.layout.regions)):
        start = session.start(region)
        if start.windows:
            tally.add(start.windows)
        if start.commit.state == "complete":
            tally.skip(plan.grid.steps)
            continue
        try:
            execute_region(plan, compiled, session, region, start, tally, progress)
        except NotFiniteError as error:
            failures.append(error)
            session.annotate(failed_at=tally.failed_at)
    raise_failures(failures)


def raise_failures(failures: list[NotFiniteError]) -> None:
    """Raise what became of the regions that failed, if there are any."""
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise NotFiniteError(f"{len(failures)} parts of the run failed; the first: {failures[0]}")


def execute_region(
    plan: Plan,
    compiled: Compiled,
    session: Session,
    region: int,
    start: Start,
    tally: Tally,
    progress: Report | None = None,
) -> None:
    """Integrate the runs of one region from its last commit; arguments are those of `execute`."""
    compiled = compiled.for_region(plan, region)
    begin, first = compiled.position, 0
    if start.checkpoint is not None:
        begin, first = from_checkpoint(start.checkpoint, begin), start.commit.step
    tally.begin(first)
    failures = Failures(plan, region, start.windows)
    with session.writer(region, start.commit) as writer:
        if start.checkpoint is None:
            mark = Mark(0, partial(checkpoint, begin))
            writer.put(initial_rows(plan, region), mark)
        try:
            for call in one_behind(calls(plan, compiled, begin, first)):
                if not int(call.batch.windows):
                    continue  # another device goes on with the first of its windows
                tally.add(put_rows(plan, writer, region, call, failures))
                _check_finite(plan, region, call, tally)
                tally.reach(call.stop)
                if progress is not None:
                    progress(tally.snapshot(plan.grid.time(call.stop)))
        except jax.errors.JaxRuntimeError as error:
            raise SolverError(
                f"the device failed after t = {plan.grid.time(tally.step):.12g} "
                f"({_reason(error)}): try smaller windows or another solver; the windows before "
                "are in the store"
            ) from error
        if failures.some:
            tally.failed_at = failures.first_time
            raise failures.error()
    tally.finish()


def calls(plan: Plan, compiled: Compiled, position: Position, start: int) -> Iterator[Call]:
    """Dispatch the calls of a run one after the other, from a position at step `start`.

    Results are not waited for, unless it depends on them what goes on, and from where.
    """
    grid, windows = plan.grid, 1
    asked = time.monotonic()
    while start < grid.steps:
        steps = min(grid.window, grid.steps - start)
        tail = steps < grid.window
        count = min(windows, (grid.steps - start) // steps)
        loops = compiled.next_loops(position)
        position, batch = loops.start(position, start, count, tail)
        yield Call(start, steps, batch, None if tail else position)
        start += steps * (count if compiled.host is None else int(batch.windows))
        # Between two requests one call was computed, as the caller waits for the one before.
        elapsed, asked = time.monotonic() - asked, time.monotonic()
        if elapsed < _CALL_SECONDS[0]:
            windows = min(2 * windows, compiled.capacity)
        elif elapsed > _CALL_SECONDS[1]:
            windows = max(1, windows // 2)


def _check_finite(plan: Plan, region: int, call: Call, tally: Tally) -> None:
    """End a region in which no state is finite any more."""
    if call.batch.finite:
        return
    t = plan.grid.time(int(call.batch.bad_step))
    tally.failed_at = t
    place = plan.layout.regions[region]
    points = np.argwhere(np.ones([part.stop - part.start for part in place]))
    raise NotFiniteError(
        f"the state of {plan.model.name}{named_runs(plan, place, points)} stopped being finite at "
        f"t = {t:.12g}: try a smaller dt, or other parameters or initial "
        "values; the windows before it are in the store"
    )


def _unpadded(values: np.ndarray, lengths: list[int]) -> np.ndarray:
    """Give the runs of a region their axes, and leave out those that only fill it up."""
    return values[: int(np.prod(lengths))].reshape(*lengths, *values.shape[1:])


def _reason(error: Exception) -> str:
    """Return the line that says what happened, from the many that jax reports."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "Error: " in line), lines[0])


def one_behind(dispatched: Iterator[Call]) -> Iterator[Call]:
    """Yield each call after the next one is dispatched, so that the device is never idle."""
    previous = None
    for call in dispatched:
        if previous is not None:
            yield previous
        previous = call
    if previous is not None:
        yield previous


def put_rows(
    plan: Plan, writer: Writer | PatchWriter, region: int, call: Call, failures: Failures
) -> dict[str, np.ndarray]:
    """Hand over the rows of one call, or those before no state was finite any more.

    Arguments:
        plan: of the run.
        writer: of the region.
        region: its number.
        call: what was computed.
        failures: of the region, up to the call; what fails in it is noted.

    Returns:
        Those about windows.
    """
    finite = bool(call.batch.finite)
    windows = int(call.batch.windows) - (not finite)
    saved = plan.grid.saved(call.start, call.start + windows * call.steps)
    records = jax.tree.map(lambda leaf: np.asarray(leaf)[:windows], call.batch.records)
    diagnostics = window_rows(records, plan.ensemble)
    states = {
        name: leaf[:, :saved] if plan.ensemble else leaf[:saved]
        for name, leaf in _named(plan, call.batch.rows).items()
    }
    mark = None
    if finite and call.position is not None:
        mark = Mark(call.stop, partial(checkpoint, call.position))
    rows = _shaped(plan, region, {**states, **diagnostics})
    if plan.ensemble:
        ends = {"finite": np.moveaxis(records.finite, 1, 0)}
        failures.note(_shaped(plan, region, ends)["finite"])
        before = plan.grid.saved(0, call.start) + 1
        rows = failures.masked(rows, call.start // plan.grid.window, before)
    writer.put(rows, mark)
    return {name: rows[name] for name in diagnostics}


def _shaped(plan: Plan, region: int, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give rows the axes of the region."""
    if not plan.ensemble:
        return rows
    lengths = [part.stop - part.start for part in plan.layout.regions[region]]
    return {name: _unpadded(block, lengths) for name, block in rows.items()}


def _named(plan: Plan, tree: Any) -> dict[str, np.ndarray]:
    """Return the leaves of a tree like the state by name of their arrays."""
    leaves = plan.model.named_leaves(tree)
    return {name: np.asarray(leaf) for name, leaf in leaves.items()}


def initial_rows(plan: Plan, region: int) -> dict[str, np.ndarray]:
    """Return the rows that a region begins with."""
    axis = int(plan.ensemble)
    rows = _named(plan, plan.block(region)[0])
    rows = {name: np.expand_dims(leaf, axis) for name, leaf in rows.items()}
    return _shaped(plan, region, rows)
