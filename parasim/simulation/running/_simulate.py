"""`simulate`: from a system to a dataset."""

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import diffrax
import xarray as xr

from parasim._dataset import open_dataset
from parasim._errors import ConfigError, SolverError, StoreError
from parasim.io._create import check_target, is_group, is_half_made
from parasim.io._encoding import Encoding
from parasim.io._objects import Place, store_place
from parasim.io._session import StoreSession
from parasim.io._verify import verify_store
from parasim.plugins import System
from parasim.simulation.planning._plan import Plan, make_plan
from parasim.simulation.planning._provenance import history_line
from parasim.simulation.planning._request import written_request
from parasim.simulation.planning._resources import check_disk
from parasim.simulation.planning._resume import (
    EXTENDED,
    check_same,
    stored_attributes,
    stored_costs,
)
from parasim.simulation.planning._runs import Sweep
from parasim.simulation.running._compile import checkpoint, compile_plan
from parasim.simulation.running._distributed import executor, parts_for
from parasim.simulation.running._progress import Progress
from parasim.simulation.running._repair import repair
from parasim.simulation.running._sinks import find_sink, is_store, run_into


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


def run_plan(
    plan: Plan,
    store: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    force_unlock: bool = False,
    scheduler: Any = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Run a plan into a store; arguments and what is raised are those of `simulate`.

    The store is not opened, because that would read the whole time coordinate.
    """
    check_run(plan, store, overwrite=overwrite)
    with executor(store, scheduler, workers) as run:
        compiled = compile_plan(plan)
        # Only now, so that an existing store is not lost to a vector field that does not compile.
        session = StoreSession.create(
            store,
            plan.layout,
            plan.attributes,
            checkpoint_bytes=len(checkpoint(compiled.position)),
            overwrite=overwrite,
            force_unlock=force_unlock,
        )
        with session:
            run(plan, compiled, session, progress)


def resume_plan(
    plan: Plan,
    store: str | os.PathLike[str],
    attributes: Mapping[str, Any],
    *,
    mend: bool = False,
    force_unlock: bool = False,
    scheduler: Any = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Go on with a store to the end of its plan; what is raised is that of `simulate`.

    Arguments:
        plan: made with the costs of the store; it may end later than that of a complete store.
        store: where it is.
        attributes: of the store.
        mend: look for what is missing or damaged, and compute it again.
        force_unlock: take it from whoever has it.
        scheduler, workers: as of `simulate`.
        progress: called now and then.
    """
    place, longer = store_place(store), _is_longer(plan, attributes)
    check_resume(plan, store, attributes, mend=mend)
    if attributes["status"] == "complete" and not longer and not mend:
        return
    found = verify_store(store) if mend else None
    extension = plan.attributes if longer else None
    with executor(store, scheduler, workers) as run:
        compiled = compile_plan(plan)
        session = StoreSession.resume(
            place,
            plan.layout,
            extension=extension and {key: extension[key] for key in EXTENDED if key in extension},
            force_unlock=force_unlock,
        )
        with session:
            session.annotate(history=f"{attributes['history']}\n{history_line()}")
            if found is not None:
                repair(plan, compiled, session, found)
            if attributes["status"] == "failed":
                session.annotate(status="failed")
            else:
                run(plan, compiled, session, progress)


def check_resume(
    plan: Plan, store: str | os.PathLike[str], attributes: Mapping[str, Any], *, mend: bool = False
) -> None:
    """Refuse to go on where it would come out otherwise; writes nothing.

    Arguments:
        plan, store, attributes, mend: as of `resume_plan`.

    Raises:
        ConfigError: what differs is named.
        StoreError: the run failed, or it cannot be lengthened.
    """
    longer = _is_longer(plan, attributes)
    check_same(plan, attributes, str(store), longer=longer)
    if longer:
        _check_can_grow(plan, store, attributes)
    elif attributes["status"] == "complete":
        return
    if not mend:
        _check_not_failed(store_place(store), attributes)


def _is_longer(plan: Plan, attributes: Mapping[str, Any]) -> bool:
    return plan.grid.t1 > attributes["configuration"]["t1"]


def check_run(plan: Plan, store: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Refuse a store that a plan cannot be run into; writes nothing.

    Raises:
        ConfigError: it is no path.
        StoreError: something is in the way, or there is no room.
    """
    place = check_target(store, overwrite=overwrite)
    if isinstance(place, Path):
        _check_not_an_input(plan, place)
        check_disk(place, plan.layout.nbytes)


def _check_can_grow(
    plan: Plan, store: str | os.PathLike[str], attributes: Mapping[str, Any]
) -> None:
    """Refuse to lengthen what is not complete, or has no full window that a longer run begins with.

    Raises:
        ConfigError: the message says what to do instead.
    """
    if attributes["status"] != "complete":
        raise ConfigError(f"{store} is not complete: resume it, then extend it")
    steps = round((attributes["configuration"]["t1"] - plan.grid.t0) / plan.grid.dt)
    if steps < plan.grid.window:
        raise ConfigError(
            f"{store} is shorter than a window ({plan.grid.window} steps), so that nothing of it "
            f"can be kept: run it again with --overwrite and t1 = {plan.grid.t1:.12g}"
        )


def _check_not_failed(place: Place, attributes: Mapping[str, Any]) -> None:
    """Refuse to go on with what would fail again."""
    if attributes["status"] == "failed":
        raise SolverError(
            f"the run of {place} failed at t = {attributes['failed_at']:.12g}, and would fail "
            "there again: begin another one, with a smaller dt or other parameters"
        )


def _check_not_an_input(plan: Plan, store: Path) -> None:
    """Refuse to replace the data that drive the run."""
    target = store.resolve()
    for forcing in plan.forcings.values():
        source = forcing.source.resolve()
        if target == source or target in source.parents:
            raise StoreError(
                f"{store} holds {forcing.source}, which drives the run: choose another path"
            )
