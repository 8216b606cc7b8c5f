"""Finds what is missing or damaged in a store: every chunk has a checksum."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from zarr.abc.store import Store

from parasim._errors import StoreError, first_line
from parasim.io._commits import Commit, Commits
from parasim.io._create import open_group
from parasim.io._layout import RUN_GROUP
from parasim.io._objects import object_exists, open_objects, store_place
from parasim.io._reader import check_store, region_slices


@dataclass(frozen=True)
class Damage:
    """A file of a store that cannot be used.

    Attributes:
        variable: the array that it belongs to.
        key: of the file, within the store.
        region: of the runs side by side; -1 for a coordinate, which no run has computed.
        first, stop: the rows along `time` or `window` that are in it, and should be there.
        along: "time", "window", or the axis of a coordinate.
        problem: what is wrong with it.
    """

    variable: str
    key: str
    region: int
    first: int
    stop: int
    along: str
    problem: str


@dataclass(frozen=True)
class Verification:
    """What has been found.

    Attributes:
        files: how many were checked.
        damages: those that cannot be used.
        lost: the regions whose progress, or whose state to go on from, cannot be read.
    """

    files: int
    damages: tuple[Damage, ...]
    lost: tuple[int, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damages and not self.lost


def verify_store(path: Any, report: Callable[[int], None] | None = None) -> Verification:
    """Read everything that has been committed to a store, and check it.

    Arguments:
        path: of the store, or its URL.
        report: called with the number of files checked so far, now and then.

    Raises:
        StoreError: there is no store, or it is something else.
    """
    place = store_place(path)
    check_store(place)
    store = open_objects(place, read_only=True)
    group = open_group(store)
    commits = Commits(group[RUN_GROUP], str(place))  # type: ignore[arg-type]
    there, lost = _progress(commits)
    damages, files = [], 0
    for files, damage in enumerate(_checked(store, group, there), start=1):
        if damage is not None:
            damages.append(damage)
        if report is not None:
            report(files)
    return Verification(files, tuple(damages), tuple(lost))


def _progress(commits: Commits) -> tuple[list[Commit], list[int]]:
    """Return how far each region is, and those of which that cannot be told."""
    there, lost = [], []
    for region in range(commits.regions):
        try:
            commit = commits.read(region)
            if commit.step >= 0 and commit.state == "running":
                commits.read_checkpoint(region, commit)
        except StoreError:
            commit = Commit()
            lost.append(region)
        there.append(commit)
    return there, lost


def _checked(store: Store, group: zarr.Group, there: list[Commit]) -> Iterator[Damage | None]:
    """Yield what is wrong with each file, None for those that are sound."""
    regions = region_slices(group)
    fields: Any = group[RUN_GROUP].attrs["fields"]
    for name, array in group.arrays():
        dims: Any = array.metadata.dimension_names  # type: ignore[union-attr]
        if name not in fields:  # a coordinate
            yield from _checked_files(store, name, array, (), -1, array.shape[0], dims[0])
            continue
        along = "time" if "time" in dims else "window"
        for number, (region, commit) in enumerate(zip(regions, there, strict=True)):
            rows = commit.rows if along == "time" else commit.windows
            finite = _finite_rows(group, region, commit) if along == "time" else None
            yield from _checked_files(store, name, array, region, number, rows, along, finite)


def _finite_rows(group: zarr.Group, region: tuple[slice, ...], commit: Commit) -> np.ndarray:
    """Return how many rows of each run of a region must be finite.

    Of a run that failed, about which nothing is said in the windows after that, fewer than there
    are; if not even that can be read, none.
    """
    rows = np.full([part.stop - part.start for part in region], commit.rows)
    arrays: dict[str, Any] = dict(group.arrays())
    names: Any = group[RUN_GROUP].attrs["fields"]
    about = [arrays[name] for name in names if "window" in arrays[name].metadata.dimension_names]
    told = next((array for array in about if array.dtype.kind == "i"), None)
    if told is None or not region:
        return rows
    try:
        windows = np.asarray(told[(*region, slice(commit.windows))])
        good = (windows != told.fill_value).sum(axis=-1)
        if np.all(good == commit.windows):
            return rows
        ends = np.asarray(arrays["window_time"][: commit.windows])
        times = np.asarray(arrays["time"][: commit.rows])
    except Exception:  # it is damaged, which the check of that array says
        return np.zeros_like(rows)
    slack = 1e-6 * (times[-1] - times[0]) / len(times)
    until = np.searchsorted(times, ends + slack, side="right")
    return np.where(good == commit.windows, rows, np.append(1, until)[good])


def _checked_files(
    store: Store,
    name: str,
    array: Any,
    region: tuple[slice, ...],
    number: int,
    rows: int,
    along: str,
    finite: np.ndarray | None = None,
) -> Iterator[Damage | None]:
    """Check the files of one array in one region, up to a row.

    Arguments:
        store: zarr's.
        name: of the array.
        array: zarr's.
        region: its place in the first axes.
        number: of the region.
        rows: how many have been committed.
        along: the dimension of rows.
        finite: how many of them must be finite, for each run.
    """
    files, axis = array.shards or array.chunks, len(region)
    parts = [
        range(part.start // file, -(-part.stop // file))
        for part, file in zip(region, files, strict=False)
    ]
    parts.append(range(-(-rows // files[axis])))
    behind = list(zip(array.shape, files, strict=True))[axis + 1 :]
    parts += [range(-(-n // file)) for n, file in behind]
    for index in itertools.product(*parts):
        key = f"{name}/{array.metadata.encode_chunk_key(index)}"
        first = index[axis] * files[axis]
        stop = min(first + files[axis], rows)
        where = [
            slice(i * file, min((i + 1) * file, n))
            for i, file, n in zip(index, files, array.shape, strict=True)
        ]
        where[axis] = slice(first, stop)
        needed = None
        if finite is not None and array.dtype.kind in "fc":
            begins = [part.start for part in region]
            runs = [
                slice(max(0, part.start - begin), part.stop - begin)
                for part, begin in zip(where, begins, strict=False)
            ]
            needed = finite[tuple(runs)] - first
        problem = _problem(store, key, array, tuple(where), needed)
        yield problem and Damage(name, key, number, first, stop, along, problem)


def _problem(
    store: Store, key: str, array: Any, where: tuple[slice, ...], needed: np.ndarray | None
) -> Any:
    """Say what is wrong with a file; None if nothing is.

    Arguments:
        store: zarr's.
        key: of the file.
        array: zarr's.
        where: what is to be in it.
        needed: how many of these rows must be finite, for each run; None if none need be.
    """
    if not object_exists(store, key):
        return "missing"
    try:
        values = np.asarray(array[where])
    except Exception as error:  # whatever a codec makes of bytes that are not its own
        text = first_line(error)
        return "damaged: its checksum is wrong" if "checksum" in text else f"damaged: {text}"
    if needed is None or np.isfinite(values).all():
        return None
    axis = needed.ndim
    there = np.arange(values.shape[axis]) < needed[..., None]
    good = np.isfinite(values).all(axis=tuple(range(axis + 1, values.ndim)))
    return None if np.all(good | ~there) else "not finite, which no run commits"
