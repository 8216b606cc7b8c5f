"""Writes again what is damaged, from a run that is made again from its beginning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr

from parasim.io._layout import Layout
from parasim.io._objects import remove_object, settle
from parasim.io._verify import Damage


@dataclass(eq=False)
class _Hole:
    """Rows of an array that are wanted, and those that have come."""

    first: int
    stop: int
    rows: list[np.ndarray]

    def take(self, first: int, block: np.ndarray, axis: int) -> bool:
        """Keep what is wanted of some rows; return whether nothing is missing any more."""
        stop = first + block.shape[axis]
        begin, end = max(first, self.first), min(stop, self.stop)
        if begin < end:
            where = (*[slice(None)] * axis, slice(begin - first, end - first))
            self.rows.append(block[where].copy())
        return stop >= self.stop


class PatchWriter:
    """Takes the rows of a region from the first one on, and writes those that are damaged.

    Arguments:
        group: the store.
        layout: its arrays.
        region: its number.
        damages: of that region.
    """

    def __init__(
        self, group: zarr.Group, layout: Layout, region: int, damages: Iterable[Damage]
    ) -> None:
        self._group = group
        self._layout = layout
        self._place = layout.regions[region]
        self._position = dict.fromkeys((f.name for f in layout.fields), 0)
        self._holes: dict[str, list[_Hole]] = {}
        for name, first, stop in sorted({(d.variable, d.first, d.stop) for d in damages}):
            self._holes.setdefault(name, []).append(_Hole(first, stop, []))
        for damage in damages:
            remove_object(group.store, damage.key)

    @property
    def done(self) -> bool:
        """Whether everything has been written."""
        return not any(self._holes.values())

    def put(self, rows: Mapping[str, np.ndarray], mark: object = None) -> None:
        """Take rows; see `RegionWriter.put`."""
        del mark
        axis = self._layout.row_axis
        for f in self._layout.fields:
            if f.name not in rows:
                continue
            block = rows[f.name]
            if f.along == "time":
                block = self._layout.encoding.rounded(block)
            first = self._position[f.name]
            self._position[f.name] = first + block.shape[axis]
            holes = self._holes.get(f.name, [])
            for hole in [h for h in holes if h.first < self._position[f.name]]:
                if hole.take(first, block, axis):
                    self._fill(f.name, hole)
                    holes.remove(hole)

    def _fill(self, name: str, hole: _Hole) -> None:
        axis = self._layout.row_axis
        where = (*self._place, slice(hole.first, hole.stop))
        with zarr.config.set({"array.write_empty_chunks": True}):
            array: Any = self._group[name]
        array[where] = np.concatenate(hole.rows, axis)
        settle(self._group.store, f"{name} repaired")
