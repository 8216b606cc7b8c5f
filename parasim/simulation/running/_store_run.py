"""A plan run into a store, or gone on with; and what is refused before anything is written."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from parasim._errors import ConfigError, SolverError, StoreError
from parasim.io._objects import Place, store_place
from parasim.io._session import StoreSession
from parasim.io._target import check_target
from parasim.io._verify import verify_store
from parasim.simulation.planning._plan import Plan
from parasim.simulation.planning._provenance import history_line
from parasim.simulation.planning._resources import check_disk
from parasim.simulation.planning._resume import EXTENDED, check_same
from parasim.simulation.running._compile import checkpoint, compile_plan
from parasim.simulation.running._distributed import executor
from parasim.simulation.running._progress import Progress
from parasim.simulation.running._repair import repair


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
