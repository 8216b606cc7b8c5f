"""`simulate`: from a system to a dataset."""

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import diffrax
import xarray as xr

from parasim._dataset import open_dataset
from parasim._errors import ConfigError
from parasim.io._encoding import Encoding
from parasim.io._objects import store_place
from parasim.io._root import is_group, is_half_made
from parasim.plugins import System
from parasim.simulation.planning._plan import make_plan
from parasim.simulation.planning._request import written_request
from parasim.simulation.planning._resume import stored_attributes, stored_costs
from parasim.simulation.planning._runs import Sweep
from parasim.simulation.running._distributed import parts_for
from parasim.simulation.running._progress import Progress
from parasim.simulation.running._sinks import find_sink, is_store, run_into
from parasim.simulation.running._store_run import resume_plan, run_plan


def simulate(
    system: str | System | Callable[[Any, Any, Any], Any],
    *,
    params: Any = None,
    y0: Any = None,
    t0: float = 0.0,
    t1: float,
    dt: float | None = None,
    solver: diffrax.AbstractSolver | None = None,
    store: str | os.PathLike[str] | None = None,
    sink: str | None = None,
    every: int = 1,
    dtype: Any = None,
    seed: int = 0,
    inputs: Mapping[str, Any] | None = None,
    members: int | None = None,
    perturbation: float | None = None,
    sweep: Mapping[str, Any] | Sweep | None = None,
    batch: int | None = None,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    resume: bool = False,
    force_unlock: bool = False,
    scheduler: Any = None,
    workers: int | None = None,
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
        dt: the step; by default that of the system, if it has one, which a recurrence does: 1.
        solver: a `ParallelNewton`, by default `ParallelNewton()`, or a one-step diffrax solver to
            put into one. Its `steps` are the length of a window.
        store: where the zarr group shall be, a path or a URL that fsspec knows (`s3://...`); by
            default the result is kept in memory.
        sink: the name of an installed sink, to which the rows go in place of a zarr store; `store`
            is then where it puts them. Such a run cannot be continued or spread over processes.
        every: save each `every`-th state, beginning with the initial one.
        dtype: of the state, float32 or float64; by default what jax is set to.
        seed: for a random initial state.
        inputs: data that drive parameters of a system, by name of the parameter: a `Forcing`, a
            file, a pair of file and variable, or a dictionary with `file` and what a run file can
            say besides: `variable`, `interpolation`, `epoch`.
        members: the size of an ensemble, integrated side by side. Each leaf of y0 may then (for a
            plain vector field must) have a leading axis of that length; member i of a system with
            a random initial state has the seed `seed + i`.
        perturbation: of the members' initial states, relative, drawn from these seeds; by default
            1e-3 where all members of a system would begin in the same state.
        sweep: values of parameters by name, in all combinations, with a dimension for each; a
            `Sweep` also takes them together, along `member`.
        batch: how many runs of an ensemble or a sweep are computed together, at most; 64 by
            default.
        encoding: chunks, compression and rounding of the stored states.
        overwrite: replace an existing store.
        resume: go on with the store where it was left, if there is one; the result is the same to
            the last bit as without the interruption. A complete one is lengthened if t1 is later.
        force_unlock: take the store from another process that is said to write it.
        scheduler: address of a dask scheduler, or a `distributed.Client`, on whose workers the runs
            of an ensemble or a sweep are computed; they must reach the store by the same path.
        workers: how many processes to start on this machine for that instead; they divide its
            devices.
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
    attributes = None
    spread = scheduler is not None or workers is not None
    target = find_sink(sink, store, spread=spread, resume=resume)
    place = store_place(store) if store is not None and is_store(target) else None
    if resume and place is not None and is_group(place) and not is_half_made(place):
        attributes = stored_attributes(store)
        if batch is None:
            batch = math.prod(attributes["configuration"]["together"])
    given = {
        "params": params,
        "y0": y0,
        "t0": t0,
        "t1": t1,
        "dt": dt,
        "every": every,
        "seed": seed,
        "inputs": inputs,
        "members": members,
        "perturbation": perturbation,
        "sweep": sweep,
    }
    plan = make_plan(
        system,
        **given,
        solver=solver,
        dtype=dtype,
        batch=batch,
        encoding=encoding,
        costs=None if attributes is None else stored_costs(attributes),
        parts=parts_for(scheduler, workers),
        used=[target],
    )
    if store is None or place is None:
        path = None if store is None else str(store_place(store))
        return run_into(plan, target, path, overwrite=overwrite, progress=progress)
    plan = plan.with_request(written_request(plan, system, given))
    if spread and "request" not in plan.attributes:
        raise ConfigError(
            "other processes cannot make this run: give the system by name, and a solver, "
            "parameters and data that a run file could have"
        )
    options: dict[str, Any] = {
        "force_unlock": force_unlock,
        "scheduler": scheduler,
        "workers": workers,
        "progress": progress,
    }
    if attributes is None:
        run_plan(plan, store, overwrite=overwrite, **options)
    else:
        resume_plan(plan, store, attributes, **options)
    return open_dataset(store)
