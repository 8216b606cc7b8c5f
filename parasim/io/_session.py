"""A store that is being written: locked, and marked with what became of its run."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np
from zarr.abc.store import Store

from parasim._errors import NotFiniteError, StoreError, first_line
from parasim.io._commits import Commit, Commits, Start
from parasim.io._create import begin_store, fill_store, open_group, write_times
from parasim.io._extend import extend_store
from parasim.io._layout import RUN_GROUP, Layout
from parasim.io._lock import Lock
from parasim.io._objects import Place, object_names, open_objects, remove_object, settle
from parasim.io._patch import PatchWriter
from parasim.io._reader import check_store
from parasim.io._target import check_target
from parasim.io._verify import Damage
from parasim.io._writer import RegionWriter


class StoreSession:
    """The right to write to a store; use it in a `with`, which ends with the store's new status.

    The status is "running", and then "complete", "failed" if a state stopped being finite, or
    "interrupted" if the run can be continued. Only a killed process leaves "running" behind.

    Arguments:
        store: zarr's, with everything that `fill_store` makes.
        name: of the store, for messages.
        layout: its arrays.
        lock: of the store.
    """

    def __init__(self, store: Store, name: str, layout: Layout, lock: Lock) -> None:
        self._store = store
        self._name = name
        self._layout = layout
        self._lock = lock
        self._group = open_group(store)
        self._attributes: dict[str, Any] = {}
        self._began = time.monotonic()
        self.commits = Commits(self._group[RUN_GROUP], name)  # type: ignore[arg-type]

    @classmethod
    def create(
        cls,
        path: Any,
        layout: Layout,
        attributes: Mapping[str, Any],
        *,
        checkpoint_bytes: int = 0,
        overwrite: bool = False,
        force_unlock: bool = False,
    ) -> Self:
        """Make a store, and take it.

        Arguments:
            path: becomes the zarr group itself; a URL too.
            layout: the arrays.
            attributes: of the root; JSON only.
            checkpoint_bytes: the size of what a run is continued from.
            overwrite: whether an existing store may be replaced.
            force_unlock: whether one that somebody is writing may be.

        Raises:
            StoreError: something is in the way, or the place cannot be written.
        """
        place = check_target(path, overwrite=overwrite)
        store = begin_store(place)
        with Lock(store, str(place), force=force_unlock) as lock:
            fill_store(place, store, layout, attributes, checkpoint_bytes)
            lock.keep()
        return cls(store, str(place), layout, lock)

    @classmethod
    def resume(
        cls,
        place: Place,
        layout: Layout,
        *,
        extension: Mapping[str, Any] | None = None,
        force_unlock: bool = False,
    ) -> Self:
        """Take a store that has been made, and remove what killed writes left in it.

        Arguments:
            place: of the store.
            layout: its arrays, or what they shall become.
            extension: the root attributes of the longer run that a complete one shall become.
            force_unlock: whether to take it from somebody who is writing it.

        Raises:
            StoreError: there is no store, or it is something else, or somebody writes to it.
        """
        check_store(place)
        store = open_objects(place)
        with Lock(store, str(place), force=force_unlock) as lock:
            if extension is not None:
                before = cls(store, str(place), layout, lock)
                for region in range(before.commits.regions):
                    commit = before.commits.read(region)
                    before.commits.write(region, replace(commit, state="running"))
                extend_store(store, layout, extension)
            session = cls(store, str(place), layout, lock)
            session._clean()
            lock.keep()
        return session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, traceback
        if error is None:
            status = "complete"
        else:
            status = "failed" if isinstance(error, NotFiniteError) else "interrupted"
        try:
            self._finish(status)
        except OSError as problem:
            if error is None:
                raise StoreError(f"cannot finish {self._name}: {first_line(problem)}") from problem
        finally:
            self._lock.release()

    def renew(self) -> None:
        """Give a sign of life; `RegionWriter` does so with every commit."""
        self._lock.renew()
        settle(self._store, "sign of life")

    def annotate(self, **attributes: Any) -> None:
        """Set root attributes at the end; JSON only."""
        self._attributes.update(attributes)

    def writer(self, region: int = 0, commit: Commit | None = None, **options: Any) -> RegionWriter:
        """Return what writes a region.

        Arguments:
            region: its number.
            commit: how far it is.
            options: of `RegionWriter`.
        """
        return RegionWriter(
            self._group,
            self._layout,
            self.commits,
            region,
            renew=self._lock.renew,
            commit=commit,
            **options,
        )

    def start(self, region: int) -> Start:
        """Return from where a region is to be continued.

        Raises:
            StoreError: what is needed for that is damaged.
        """
        commit, checkpoint = self.commits.read(region), None
        complete = commit.state == "complete"
        if commit.step >= 0 and not complete:
            checkpoint = self.commits.read_checkpoint(region, commit)
        windows = commit.windows if complete else commit.checkpoint_windows
        place = (*self._layout.regions[region], slice(windows))
        names = [f.name for f in self._layout.fields if f.along == "window"]
        arrays: dict[str, Any] = {name: self._group[name] for name in names}
        rows = {name: np.asarray(array[place]) for name, array in arrays.items()}
        return Start(commit, checkpoint, rows)

    def forget(self, region: int) -> None:
        """Have a region begun again."""
        self.commits.write(region, Commit())

    def patch(self, region: int, damages: list[Damage]) -> PatchWriter:
        """Return what writes again what is damaged in a region."""
        return PatchWriter(self._group, self._layout, region, damages)

    def write_coordinates(self, damages: list[Damage]) -> None:
        """Write again the coordinates, of which some files are damaged."""
        for damage in damages:
            remove_object(self._store, damage.key)
        write_times(self._store, self._layout)
        values = {c.name: c.values for c in self._layout.coordinates}
        for name, numbers in {**values, "window_time": self._layout.window_ends}.items():
            array: Any = self._group[name]
            array[:] = numbers
        settle(self._store, "coordinates repaired")

    def _clean(self) -> None:
        self._group.attrs.update({"status": "running"})
        for name in ("", *self._group.array_keys()):
            for found in object_names(self._store, name):
                if found.endswith(".partial"):
                    remove_object(self._store, f"{name}/{found}".lstrip("/"))

    def _finish(self, status: str) -> None:
        seconds = float(self._group.attrs.get("wall_seconds", 0.0))  # type: ignore[arg-type]
        elapsed = round(seconds + time.monotonic() - self._began, 3)
        own = {"status": status, "wall_seconds": elapsed}
        self._group.attrs.update({**own, **self._attributes})
        settle(self._store, status)


@contextmanager
def region_session(place: Place, layout: Layout, region: int) -> Iterator[StoreSession]:
    """Take one region of a store, of which another process has the rest, until the `with` ends.

    Whoever had it before is taken for dead by the one who gave it away, and writes no more.

    Arguments:
        place: of the store.
        layout: its arrays.
        region: its number.
    """
    check_store(place)
    store = open_objects(place)
    with Lock(store, f"{place}, part {region},", region=region + 1, force=True) as lock:
        yield StoreSession(store, str(place), layout, lock)
