"""Runs into sinks other than parasim's store: from the beginning to the end, by one process."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import xarray as xr

from parasim._errors import ConfigError, StoreError, first_line
from parasim.io._commits import Commit, Start
from parasim.io._sink import SinkSession, SinkWriter
from parasim.plugins._discovery import Plugin
from parasim.plugins._loading import make_from
from parasim.plugins._registry import find
from parasim.simulation.planning._plan import Plan
from parasim.simulation.planning._resources import check_result_memory
from parasim.simulation.running._compile import compile_plan
from parasim.simulation.running._execute import execute
from parasim.simulation.running._progress import Progress

STORE = "zarr"
MEMORY = "memory"


def is_store(sink: Plugin) -> bool:
    """Whether a sink is parasim's own store, which can do more than others."""
    return sink.own and sink.name == STORE


def find_sink(name: str | None, place: Any, *, spread: bool, resume: bool = False) -> Plugin:
    """Return the sink of a run.

    Arguments:
        name: as given; by default the store if there is a place for one, and memory else.
        place: of the store.
        spread: whether other processes shall compute.
        resume: whether the run shall go on where it was left.

    Raises:
        ConfigError: there is no such sink, or it cannot do what is asked.
    """
    sink = find("sinks", name or (MEMORY if place is None else STORE))
    if spread and place is None:
        raise ConfigError("other processes deliver their results in a store: name one with store=")
    if is_store(sink):
        if place is None:
            raise ConfigError("the zarr sink needs a place: name one with store=")
        return sink
    if spread:
        raise ConfigError(
            "other processes deliver their results in a zarr store: leave out the sink, or them"
        )
    if resume and place is not None:
        raise ConfigError(
            f"a run into the sink {sink.name!r} cannot be continued, only one in a store: leave "
            "out resume"
        )
    return sink


def run_into(
    plan: Plan,
    sink: Plugin,
    place: str | None,
    *,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> xr.Dataset:
    """Run a plan into a sink, and open what it wrote.

    Raises:
        StoreError: the sink cannot write.
        SolverError: the state stopped being finite.
        BrokenPlugin, IncompatiblePlugin: the sink cannot be used.
    """
    if sink.own and sink.name == MEMORY:
        check_result_memory(plan.layout.nbytes)
    made = make_from(sink)
    compiled = compile_plan(plan)
    try:
        with made.create(place, plan.layout, plan.attributes, overwrite=overwrite) as session:
            execute(plan, compiled, FromTheBeginning(session), progress)
        return made.read(place)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"the sink {sink.name!r} cannot write: {first_line(error)}") from error


class FromTheBeginning:
    """A session of any sink's as a run uses it: with nothing there, and no checkpoints.

    Arguments:
        session: of the sink, entered.
    """

    def __init__(self, session: SinkSession) -> None:
        self._session = session

    def annotate(self, **attributes: Any) -> None:
        """Set attributes of the dataset."""
        self._session.annotate(**attributes)

    def start(self, region: int) -> Start:
        """Return from where a region is to be continued: from the beginning."""
        del region
        return Start(Commit(), None, {})

    def writer(self, region: int, commit: Commit) -> "_Writer":
        """Return what takes the rows of a region."""
        del commit
        return _Writer(self._session.writer(region))


class _Writer:
    """A sink's writer, without the marks behind rows."""

    def __init__(self, writer: SinkWriter) -> None:
        self._writer = writer

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.__exit__(kind, error, traceback)

    def put(self, rows: Mapping[str, np.ndarray], mark: object = None) -> None:
        """Append rows."""
        del mark
        self._writer.put(rows)
