"""A run on many processes: each region of a store is a task, which dask gives to some worker.

A task is the name of the store and the number of a region; the worker reads everything else from
the store, and makes the plan of the run again. What it has done is in the store too, so that a task
that is run again goes on where its worker was killed.
"""

import logging
import platform
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import Any

from parasim._errors import ConfigError, NotFiniteError, UnknownPlugin, first_line
from parasim._numbers import whole_number
from parasim.io._icechunk import has_one_writer
from parasim.io._objects import store_place
from parasim.io._session import StoreSession, region_session
from parasim.simulation.planning._config import plan_stored
from parasim.simulation.planning._plan import Plan
from parasim.simulation.planning._resume import check_same, stored_attributes
from parasim.simulation.running._compile import Compiled, compile_plan
from parasim.simulation.running._execute import Report, execute, execute_region, raise_failures
from parasim.simulation.running._progress import Tally

_CONNECT_SECONDS = 10
_RETRIES = 2
_USUAL_WORKERS = 8
_PARTS_PER_WORKER = 2  # so that none waits long for the last one
_POLL_SECONDS = 1.0


def parts_for(scheduler: Any, workers: int | None) -> int:
    """Return into how many parts a run should be divided for a cluster.

    Raises:
        ConfigError: the number of workers is no positive number.
    """
    if scheduler is None and workers is None:
        return 1
    if workers is not None:
        whole_number("workers", workers, minimum=1)
    return _PARTS_PER_WORKER * (workers or _USUAL_WORKERS)


Executor = Callable[[Plan, Compiled, StoreSession, Report | None], None]


@contextmanager
def executor(store: Any, scheduler: Any = None, workers: int | None = None) -> Iterator[Executor]:
    """Return what integrates what a session lacks: this process, or the workers of a cluster.

    Arguments:
        store: where it is.
        scheduler: of the cluster; see `cluster_client`.
        workers: how many processes to start instead.
    """
    if scheduler is None and workers is None:
        yield execute
        return
    place = store_place(store)
    if has_one_writer(place):
        raise ConfigError(
            f"{place} can be written by one process only: icechunk has no safe commits of several "
            "to local files; use an object store (icechunk+s3://...), or a folder (run.zarr)"
        )
    address = place if isinstance(place, str) else str(place.absolute())
    with cluster_client(scheduler, workers) as client:

        def run(
            plan: Plan, compiled: Compiled, session: StoreSession, progress: Report | None
        ) -> None:
            del compiled  # the workers compile for themselves
            execute_on(client, plan, address, session, progress)

        yield run


@contextmanager
def cluster_client(scheduler: str | Any | None, workers: int | None) -> Iterator[Any]:
    """Connect to a dask scheduler, or start processes on this machine, for as long as it takes.

    Arguments:
        scheduler: its address, such as `tcp://10.0.0.1:8786`, or a `distributed.Client`, which is
            left open.
        workers: how many processes to start instead.

    Raises:
        ConfigError: both or none are given, dask.distributed is not installed, or the scheduler
            does not answer.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ConfigError(
            "several processes need dask.distributed: pip install 'parasim[distributed]'"
        ) from error
    if scheduler is not None and workers is not None:
        raise ConfigError("give a scheduler or a number of workers, not both")
    if workers is not None:
        whole_number("workers", workers, minimum=1)
    if isinstance(scheduler, Client):
        yield scheduler
    elif scheduler is not None:
        try:
            client = Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"the scheduler {scheduler} does not answer within {_CONNECT_SECONDS} s "
                f"({first_line(error)}): check the address, and that it runs"
            ) from error
        with client:
            yield client
    else:
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,  # a region keeps a core busy
                processes=True,
                dashboard_address=None,  # type: ignore[arg-type]
                silence_logs=logging.ERROR,
                env={"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


def execute_on(
    client: Any, plan: Plan, store: str, session: StoreSession, progress: Report | None = None
) -> None:
    """Integrate what a session lacks on the workers of a cluster.

    Arguments:
        client: of the cluster.
        plan: of the run; its store must say how it can be made again.
        store: where the workers find it.
        session: of the store, entered; its lock is that of the whole run.
        progress: called about every second.

    Raises:
        SolverError: a state stopped being finite; the other regions are complete.
        StoreError: a worker could not write.
    """
    steps = _steps_made(plan, session)
    tally = Tally(sum(plan.grid.steps for _ in steps), 0.0)
    tally.begin(sum(steps))
    regions = {
        client.submit(
            compute_region,
            store,
            region,
            pure=False,
            retries=_RETRIES,
            key=f"parasim-region-{region}-{uuid.uuid4().hex}",
        ): region
        for region in range(len(steps))
    }
    pending, failures = set(regions), []
    try:
        while pending:
            with client.as_current():
                done, pending = _waited(pending)
            session.renew()
            for future in done:
                failed = future.result()  # raises what the worker raised
                tally.add(session.start(regions[future]).windows)
                if failed is not None:
                    failures.append(NotFiniteError(failed[0]))
                    session.annotate(failed_at=failed[1])
            if progress is not None:
                steps = _steps_made(plan, session)
                tally.reach(sum(steps))
                progress(tally.snapshot(plan.grid.time(min(steps))))
    finally:
        client.cancel(list(pending), force=True)
    raise_failures(failures)


def _waited(pending: set[Any]) -> tuple[set[Any], set[Any]]:
    """Wait a moment; return the tasks that have ended, and those that have not."""
    from distributed import wait

    try:
        waited: Any = wait(pending, timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED")
    except TimeoutError:
        return set(), pending
    return set(waited.done), set(waited.not_done)


def _steps_made(plan: Plan, session: StoreSession) -> list[int]:
    """Return how many steps of each region are in the store."""
    return [
        plan.grid.steps if commit.state == "complete" else max(0, commit.step)
        for commit in session.commits.read_all()
    ]


def compute_region(store: str, region: int) -> tuple[str, float] | None:
    """Integrate one region of a store, on a worker.

    Returns:
        Why and at which time it failed; None if it is complete.
    """
    import jax

    attributes = stored_attributes(store)
    double = attributes["configuration"]["dtype"] == "float64"
    with jax.enable_x64(double), _own_device():
        try:
            plan, compiled = _compiled(store, attributes["date_created"])
        except UnknownPlugin as error:
            raise UnknownPlugin(f"on the worker {platform.node()} {error}") from error
        with region_session(store_place(store), plan.layout, region) as session:
            start = session.start(region)
            if start.commit.state == "complete":
                return None
            tally = Tally(plan.grid.steps, compiled.seconds)
            try:
                execute_region(plan, compiled, session, region, start, tally)
            except NotFiniteError as error:
                return str(error), tally.failed_at
    return None


def _own_device() -> AbstractContextManager[Any]:
    """Return a context in which jax computes on this worker's own device.

    Workers that were started together on a machine are numbered, and divide its devices. Others
    have names, and see what whoever started them lets them see.
    """
    import jax
    from distributed import get_worker

    try:
        number = get_worker().name
    except ValueError:  # this process is none
        return nullcontext()
    devices = jax.local_devices()
    if not isinstance(number, int) or len(devices) == 1:
        return nullcontext()
    return jax.default_device(devices[number % len(devices)])


@lru_cache(maxsize=1)
def _compiled(store: str, created: str) -> tuple[Plan, Compiled]:
    """Make the plan of a store again, once for all regions that a worker computes."""
    del created  # tells a store from an older one at the same place
    attributes = stored_attributes(store)
    plan = plan_stored(store, attributes)
    check_same(plan, attributes, store)
    return plan, compile_plan(plan)
