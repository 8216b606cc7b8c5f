"""The compiled loops of a run, for one device or two, and where they begin."""

import io
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from parasim.integrators import WindowIntegrator
from parasim.integrators.method._devices import device_in_use, placed
from parasim.integrators.solver._open_window import WindowShare
from parasim.simulation.planning._model import one_run
from parasim.simulation.planning._plan import Plan
from parasim.simulation.planning._resources import check_window_memory, needed_memory
from parasim.simulation.running._windows import Batch, Position, WindowLoop

_CALL_STEPS = 2**16
_CALL_BYTES = 2**22

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

    def with_arguments(self, args: Any) -> "Loops":
        """Return the same loops for other arguments of the vector field."""
        return replace(self, args=placed(_arrays(args), self.device))


@dataclass(frozen=True, eq=False)
class Compiled:
    """The compiled loops of a run, and where one of its regions begins.

    Attributes:
        loops: of the device; where there are loops of the host too, those for pieces in parallel.
        host: those for what is stepped through, if another device does that.
        capacity: the largest number of windows in one call.
        integrator: that makes the memory at the start.
        position: at the start.
        memory: the bytes that a call takes, of those that take most.
        seconds: how long compilation took.
    """

    loops: Loops
    host: Loops | None
    capacity: int
    integrator: WindowIntegrator | WindowShare
    position: Position
    memory: int
    seconds: float

    def for_region(self, plan: Plan, region: int) -> "Compiled":
        """Return the same for another region."""
        if region == 0:
            return self
        y0, args = plan.block(region)
        host = None if self.host is None else self.host.with_arguments(args)
        position = _start(plan, self.integrator, _arrays(y0))
        return replace(self, loops=self.loops.with_arguments(args), host=host, position=position)

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
    grid = plan.grid
    integrator = WindowIntegrator(
        plan.solver, plan.model.rule, grid.t0, grid.dt, host=plan.host is not None
    )
    y0, args = map(_arrays, plan.block(0))
    capacity = _capacity(plan, y0)
    one, own = map(_arrays, one_run(plan.model, plan.runs))
    shared = plan.host is not None and integrator.may_go_parallel(one, own, grid.window)
    shares = [integrator]
    devices = [plan.host]
    if shared:
        shares = [WindowShare(integrator, stepped) for stepped in (False, True)]
        devices = [device_in_use(), plan.host]
    position = _start(plan, shares[0], y0)
    loops = [
        _compiled(plan, share, device, position, args, capacity)
        for share, device in zip(shares, devices, strict=True)
    ]
    memory = max(each.memory for each in loops)
    host = loops[1] if shared else None
    seconds = time.monotonic() - began
    return Compiled(loops[0], host, capacity, shares[0], position, memory, seconds)


def _start(plan: Plan, integrator: WindowIntegrator | WindowShare, y0: Any) -> Position:
    """Return where runs begin."""

    def init(y: Any) -> Any:
        return integrator.init(y, plan.grid.window)

    return Position(y0, jax.vmap(init)(y0) if plan.ensemble else init(y0))


def _arrays(tree: Any) -> Any:
    """Turn the numpy arrays in a tree into jax's; what else there is stays."""
    return jax.tree.map(lambda x: jnp.asarray(x) if isinstance(x, np.ndarray) else x, tree)


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
        swept = tuple(plan.runs.swept)
        loop = WindowLoop(integrator, steps, grid.every, windows, plan.ensemble, swept)
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


def checkpoint(position: Position) -> bytes:
    """Write a position down; for positions of one plan that takes the same number of bytes."""
    content = io.BytesIO()
    eqx.tree_serialise_leaves(content, position)
    return content.getvalue()


def from_checkpoint(content: bytes, like: Position) -> Position:
    """Return the position that was written down, given any of the same plan."""
    return eqx.tree_deserialise_leaves(io.BytesIO(content), like)
