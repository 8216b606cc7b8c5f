"""`simulate`: from a system to a dataset."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import diffrax
import xarray as xr

from parasim._errors import StoreError
from parasim.io._create import check_target, create_store
from parasim.io._memory import MemoryWriter
from parasim.io._writer import StoreWriter
from parasim.plugins import System
from parasim.simulation._execute import compile_plan, execute
from parasim.simulation._plan import Plan, make_plan
from parasim.simulation._progress import Progress
from parasim.simulation._resources import check_disk, check_result_memory


def simulate(
    system: str | System | Callable[[Any, Any, Any], Any],
    *,
    params: Any = None,
    y0: Any = None,
    t0: float = 0.0,
    t1: float,
    dt: float,
    solver: diffrax.AbstractSolver | None = None,
    store: str | os.PathLike[str] | None = None,
    every: int = 1,
    dtype: Any = None,
    seed: int = 0,
    inputs: Mapping[str, Any] | None = None,
    members: int | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> xr.Dataset:
    """Integrate a system on the grid t0 + n dt, and stream the trajectory to a store.

    Beside an accelerator, windows that are stepped through are computed on the host's CPU, where a
    step is faster there, as it is for small systems.

    Arguments:
        system: the name of a built-in system, a `System`, or a vector field `f(t, y, args)`.
        params: parameters of a system by name, and its structural options if it is given by name;
            for a plain vector field its `args`, untouched.
        y0: the initial state; for a system some or all of its leaves by name, where a number fills
            the leaf; for a plain vector field any pytree of numbers.
        t0: the first time, in the system's time unit.
        t1: the last time; t1 - t0 must be a whole number of steps.
        dt: the step.
        solver: a `ParallelNewton`, by default `ParallelNewton()`, or a one-step diffrax solver to
            put into one. Its `steps` are the length of a window.
        store: where the zarr group shall be; by default the result is kept in memory.
        every: save each `every`-th state, beginning with the initial one.
        dtype: of the state, float32 or float64; by default what jax is set to.
        seed: for a random initial state.
        inputs: data that drive parameters of a system, by name of the parameter: a `Forcing`, a
            file, or a pair of file and variable.
        members: the size of an ensemble, integrated side by side. Each leaf of y0 may then (for a
            plain vector field must) have a leading axis of that length; member i of a system with
            a random initial state has the seed `seed + i`.
        overwrite: replace an existing store.
        progress: called now and then with a `Progress`.

    Returns:
        The dataset: one variable per leaf of the state, with dimensions (member, time, ...), and
        along `window` what was decided and measured in each window. Opened lazily from the store
        if there is one.

    Raises:
        ConfigError: something cannot be done as asked; nothing was written.
        StoreError: the store is in the way, or cannot be written.
        SolverError: the state stopped being finite; the store holds every window before that.
    """
    plan = make_plan(
        system,
        params=params,
        y0=y0,
        t0=t0,
        t1=t1,
        dt=dt,
        solver=solver,
        every=every,
        dtype=dtype,
        seed=seed,
        inputs=inputs,
        members=members,
    )
    if store is None:
        check_result_memory(plan.layout.nbytes)
        with MemoryWriter(plan.layout, plan.attributes) as memory:
            execute(plan, compile_plan(plan), memory, progress)
        return memory.dataset()
    run_plan(plan, store, overwrite=overwrite, progress=progress)
    return xr.open_zarr(store)


def run_plan(
    plan: Plan,
    store: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Run a plan into a store; arguments and what is raised are those of `simulate`.

    The store is not opened, because that would read the whole time coordinate.
    """
    check_store(plan, store, overwrite=overwrite)
    compiled = compile_plan(plan)
    # Only now, so that an existing store is not lost to a vector field that does not compile.
    group = create_store(store, plan.layout, plan.attributes, overwrite=overwrite)
    with StoreWriter(group, plan.layout) as writer:
        execute(plan, compiled, writer, progress)


def check_store(plan: Plan, store: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Refuse a store that a plan cannot be run into; writes nothing.

    Raises:
        ConfigError: it is no path.
        StoreError: something is in the way, or there is no room.
    """
    target = check_target(store, overwrite=overwrite)
    _check_not_an_input(plan, target)
    check_disk(target, plan.layout.nbytes)


def _check_not_an_input(plan: Plan, store: Path) -> None:
    """Refuse to replace the data that drive the run."""
    target = store.resolve()
    for forcing in plan.forcings.values():
        source = forcing.source.resolve()
        if target == source or target in source.parents:
            raise StoreError(
                f"{store} holds {forcing.source}, which drives the run: choose another path"
            )
