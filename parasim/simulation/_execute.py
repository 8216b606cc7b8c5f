"""Runs a plan: windows are computed on the device while earlier ones are written."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from parasim._errors import SolverError
from parasim.integrators import WindowIntegrator
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


@dataclass(frozen=True, eq=False)
class Compiled:
    """The compiled loops of a run, and where it begins.

    Attributes:
        loop: for full windows.
        tail: for a shorter last one; None if there is none.
        capacity: the largest number of windows in one call of `loop`.
        position: at the start.
        args: of the vector field, on the device.
        memory: the bytes that a call of `loop` or `tail` takes on the device, whichever is more.
        seconds: how long compilation took.
    """

    loop: Callable[..., tuple[Position, Batch]]
    tail: Callable[..., tuple[Position, Batch]] | None
    capacity: int
    position: Position
    args: Any
    memory: int
    seconds: float


def compile_plan(plan: Plan) -> Compiled:
    """Compile the loops of a run; computes and writes nothing.

    Raises:
        ConfigError: the windows do not fit into memory.
    """
    began = time.monotonic()
    grid = plan.grid
    integrator = WindowIntegrator(plan.solver, plan.model.vector_field, grid.t0, grid.dt)
    y0 = jax.tree.map(jnp.asarray, plan.model.y0)
    args = jax.tree.map(
        lambda x: jnp.asarray(x) if isinstance(x, np.ndarray) else x, plan.model.args
    )
    if plan.members is None:
        memory = integrator.init(y0, grid.window)
    else:
        memory = jax.vmap(lambda y: integrator.init(y, grid.window))(y0)
    position = Position(y0, memory)
    capacity = _capacity(plan, y0)

    def compiled(steps: int, windows: int) -> Callable[..., tuple[Position, Batch]]:
        loop = WindowLoop(integrator, steps, grid.every, windows, plan.members is not None)
        count = jnp.asarray(0)
        return eqx.filter_jit(loop).lower(position, args, count, count).compile()  # type: ignore[attr-defined]

    full = compiled(grid.window, capacity)
    tail = compiled(grid.tail, 1) if grid.tail else None
    memory = max(needed_memory(loop) for loop in (full, tail) if loop is not None)
    check_window_memory(memory)
    return Compiled(full, tail, capacity, position, args, memory, time.monotonic() - began)


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
    """Dispatch the calls of a run one after the other, without waiting for their results."""
    grid = plan.grid
    position = compiled.position
    start, windows = 0, 1
    asked = time.monotonic()
    while start + grid.window <= grid.steps:
        count = min(windows, (grid.steps - start) // grid.window)
        position, batch = compiled.loop(
            position, compiled.args, jnp.asarray(start), jnp.asarray(count)
        )
        yield _Call(start, grid.window, batch)
        start += count * grid.window
        # Between two requests one call was computed, as the caller waits for the one before.
        elapsed, asked = time.monotonic() - asked, time.monotonic()
        if elapsed < _CALL_SECONDS[0]:
            windows = min(2 * windows, compiled.capacity)
        elif elapsed > _CALL_SECONDS[1]:
            windows = max(1, windows // 2)
    if compiled.tail is not None:
        _, batch = compiled.tail(position, compiled.args, jnp.asarray(start), jnp.asarray(1))
        yield _Call(start, grid.tail, batch)


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
