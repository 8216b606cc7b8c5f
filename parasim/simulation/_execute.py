"""Runs a plan: windows are computed on the device while earlier ones are written."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from parasim._errors import SolverError
from parasim.integrators import WindowIntegrator
from parasim.integrators.newton._devices import device_in_use, placed
from parasim.integrators.solver._open_window import WindowShare
from parasim.io._memory import MemoryWriter
from parasim.io._writer import StoreWriter
from parasim.simulation._diagnostics import window_rows
from parasim.simulation._plan import Plan
from parasim.simulation._progress import Progress, Tally
from parasim.simulation._resources import check_window_memory, needed_memory
from parasim.simulation._windows import Batch, Position, WindowLoop

_CALL_STEPS = 2**16
_CALL_BYTES = 2**22
_CALL_SECONDS = (0.1, 0.5)
_MEMBERS_NAMED = 5

Writer = StoreWriter | MemoryWriter
Loop = Callable[..., tuple[Position, Batch]]


@dataclass(frozen=True, eq=False)
class Loops:
    """The compiled loops of a device.

    Attributes:
        device: which; None for the one that jax uses anyway.
        full: for full windows.
        tail: for a shorter last one; None if there is none.
        args: of the vector field, on the device.
        memory: the bytes that a call of `full` or `tail` takes there, whichever is more.
    """

    device: Any
    full: Loop
    tail: Loop | None
    args: Any
    memory: int

    def start(self, position: Position, first: int, windows: int, tail: bool) -> Any:
        """Dispatch windows that begin after step `first`; return what they deliver."""
        loop = self.tail if tail else self.full
        numbers = jnp.asarray(first), jnp.asarray(windows)
        position, numbers = placed((position, numbers), self.device)
        return loop(position, self.args, *numbers)  # type: ignore[misc]


@dataclass(frozen=True, eq=False)
class Compiled:
    """The compiled loops of a run, and where it begins.

    Attributes:
        loops: of the device; where there are loops of the host too, those for pieces in parallel.
        host: those for what is stepped through, if another device does that.
        capacity: the largest number of windows in one call.
        position: at the start.
        memory: the bytes that a call takes, of those that take most.
        seconds: how long compilation took.
    """

    loops: Loops
    host: Loops | None
    capacity: int
    position: Position
    memory: int
    seconds: float

    def next_loops(self, position: Position) -> Loops:
        """Return what goes on from a position; waits for it where there is a choice."""
        if self.host is None or not np.any(position.memory.stepping):
            return self.loops
        return self.host


def compile_plan(plan: Plan) -> Compiled:
    """Compile the loops of a run; computes and writes nothing.

    Where the host's CPU makes the sequential steps there are loops for both devices, or only for
    the host if no window may go parallel.

    Raises:
        ConfigError: the windows do not fit into memory.
    """
    began = time.monotonic()
    grid, ensemble = plan.grid, plan.members is not None
    integrator = WindowIntegrator(
        plan.solver, plan.model.vector_field, grid.t0, grid.dt, host=plan.host is not None
    )
    y0 = jax.tree.map(jnp.asarray, plan.model.y0)
    args = jax.tree.map(
        lambda x: jnp.asarray(x) if isinstance(x, np.ndarray) else x, plan.model.args
    )
    one = jax.tree.map(lambda leaf: leaf[0], y0) if ensemble else y0
    capacity = _capacity(plan, y0)
    shared = plan.host is not None and integrator.may_go_parallel(one, args, grid.window)
    shares = [integrator]
    devices = [plan.host]
    if shared:
        shares = [WindowShare(integrator, stepped) for stepped in (False, True)]
        devices = [device_in_use(), plan.host]

    def init(y: Any) -> Any:
        return shares[0].init(y, grid.window)

    position = Position(y0, jax.vmap(init)(y0) if ensemble else init(y0))
    loops = [
        _compiled(plan, share, device, position, args, capacity)
        for share, device in zip(shares, devices, strict=True)
    ]
    memory = max(each.memory for each in loops)
    host = loops[1] if shared else None
    return Compiled(loops[0], host, capacity, position, memory, time.monotonic() - began)


def _compiled(
    plan: Plan,
    integrator: WindowIntegrator | WindowShare,
    device: Any,
    position: Position,
    args: Any,
    capacity: int,
) -> Loops:
    """Compile the loops of one device; None for the one that jax uses anyway."""
    grid = plan.grid
    position, args, count = placed((position, args, jnp.asarray(0)), device)

    def compiled(steps: int, windows: int) -> Any:
        loop = WindowLoop(integrator, steps, grid.every, windows, plan.members is not None)
        loop = eqx.filter_jit(placed(loop, device))
        return loop.lower(position, args, count, count).compile()  # type: ignore[attr-defined]

    with nullcontext() if device is None else jax.default_device(device):
        full = compiled(grid.window, capacity)
        tail = compiled(grid.tail, 1) if grid.tail else None
    memory = max(needed_memory(loop) for loop in (full, tail) if loop is not None)
    check_window_memory(memory, device or device_in_use())
    return Loops(device, full, tail, args, memory)


def _capacity(plan: Plan, y0: Any) -> int:
    """Choose how many windows one call may compute: bounded in time, memory and steps."""
    row_bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(y0))
    by_memory = _CALL_BYTES * plan.grid.every // (plan.grid.window * row_bytes or 1)
    by_steps = _CALL_STEPS // plan.grid.window
    return max(1, min(by_memory, by_steps, plan.grid.steps // plan.grid.window))


@dataclass(frozen=True, eq=False)
class _Call:
    """A call that was dispatched: the number of its first step, its windows' length, its result."""

    start: int
    steps: int
    batch: Batch


def _calls(plan: Plan, compiled: Compiled) -> Iterator[_Call]:
    """Dispatch the calls of a run one after the other.

    Results are not waited for, unless it depends on them what goes on, and from where.
    """
    grid = plan.grid
    position = compiled.position
    start, windows = 0, 1
    asked = time.monotonic()
    while start < grid.steps:
        steps = min(grid.window, grid.steps - start)
        tail = steps < grid.window
        count = min(windows, (grid.steps - start) // steps)
        loops = compiled.next_loops(position)
        position, batch = loops.start(position, start, count, tail)
        yield _Call(start, steps, batch)
        start += steps * (count if compiled.host is None else int(batch.windows))
        # Between two requests one call was computed, as the caller waits for the one before.
        elapsed, asked = time.monotonic() - asked, time.monotonic()
        if elapsed < _CALL_SECONDS[0]:
            windows = min(2 * windows, compiled.capacity)
        elif elapsed > _CALL_SECONDS[1]:
            windows = max(1, windows // 2)


def execute(
    plan: Plan,
    compiled: Compiled,
    writer: Writer,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Integrate, and put every saved state and window into the writer.

    Arguments:
        plan: the run.
        compiled: by `compile_plan`.
        writer: entered; leaving it is the caller's.
        progress: called after each batch of windows.

    Raises:
        SolverError: the state stopped being finite; the writer holds every window before.
        StoreError: rows could not be written.
    """
    began = time.monotonic()
    tally = Tally()
    reached = plan.grid.t0
    writer.put(_initial_rows(plan))
    try:
        for call in _one_behind(_calls(plan, compiled)):
            if not int(call.batch.windows):
                continue  # another device goes on with the first of its windows
            _put(plan, writer, call, tally)
            _check_finite(plan, writer, call)
            snapshot = _snapshot(plan, tally, call, compiled.seconds, time.monotonic() - began)
            reached = snapshot.t
            if progress is not None:
                progress(snapshot)
    except jax.errors.JaxRuntimeError as error:
        raise SolverError(
            f"the device failed after t = {reached:.12g} ({_reason(error)}): try smaller windows "
            "or another solver; the windows before are in the store"
        ) from error


def _check_finite(plan: Plan, writer: Writer, call: _Call) -> None:
    """End a run whose state is not finite any more."""
    if call.batch.finite:
        return
    t = plan.grid.time(int(call.batch.bad_step))
    writer.annotate(failed_at=t)
    raise SolverError(
        f"the state of {plan.model.name}{_bad_members(call)} stopped being finite at "
        f"t = {t:.12g}: try a smaller dt, or other parameters or initial "
        "values; the windows before it are in the store"
    )


def _bad_members(call: _Call) -> str:
    """Say which members of an ensemble are not finite after the last window."""
    finite = np.asarray(call.batch.records.finite)[int(call.batch.windows) - 1]
    if finite.ndim == 0:
        return ""
    bad = np.flatnonzero(~finite)
    numbers = ", ".join(map(str, bad[:_MEMBERS_NAMED]))
    if len(bad) > _MEMBERS_NAMED:
        numbers += f" and {len(bad) - _MEMBERS_NAMED} more"
    return f" in member {numbers}" if len(bad) == 1 else f" in the members {numbers}"


def _reason(error: Exception) -> str:
    """Return the line that says what happened, from the many that jax reports."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "Error: " in line), lines[0])


def _one_behind(calls: Iterator[_Call]) -> Iterator[_Call]:
    """Yield each call after the next one is dispatched, so that the device is never idle."""
    previous = next(calls)
    for call in calls:
        yield previous
        previous = call
    yield previous


def _put(plan: Plan, writer: Writer, call: _Call, tally: Tally) -> None:
    """Hand over the rows of one call, or those before the state stopped being finite."""
    ensemble = plan.members is not None
    finite = bool(call.batch.finite)
    windows = int(call.batch.windows) - (not finite)
    stop = call.start + windows * call.steps
    saved = plan.grid.saved(call.start, stop)
    ends = plan.grid.t0 + (call.start + call.steps * np.arange(1, windows + 1)) * plan.grid.dt
    records = jax.tree.map(lambda leaf: np.asarray(leaf)[:windows], call.batch.records)
    diagnostics = window_rows(records, ends, ensemble)
    rows = {
        name: leaf[:, :saved] if ensemble else leaf[:saved]
        for name, leaf in _named(plan, call.batch.rows).items()
    }
    tally.add(diagnostics)
    writer.put({**rows, **diagnostics})


def _named(plan: Plan, tree: Any) -> dict[str, np.ndarray]:
    """Return the leaves of a tree like the state by name of their arrays."""
    leaves = plan.model.named_leaves(tree)
    return {name: np.asarray(leaf) for name, leaf in leaves.items()}


def _initial_rows(plan: Plan) -> dict[str, np.ndarray]:
    axis = int(plan.members is not None)
    return {name: np.expand_dims(leaf, axis) for name, leaf in _named(plan, plan.model.y0).items()}


def _snapshot(
    plan: Plan, tally: Tally, call: _Call, compile_seconds: float, run_seconds: float
) -> Progress:
    steps = call.start + int(call.batch.windows) * call.steps
    return Progress(
        t=plan.grid.time(steps),
        steps=steps,
        total_steps=plan.grid.steps,
        windows=tally.windows,
        parallel=tally.parallel,
        fell_back=tally.fell_back,
        mode=tally.mode,
        growth_rate=tally.growth_rate,
        mean_growth_rate=tally.mean_growth_rate,
        compile_seconds=compile_seconds,
        run_seconds=run_seconds,
    )
