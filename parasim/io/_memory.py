"""Keeps the rows of a run in memory, with the same arrays as a store."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import xarray as xr

from parasim.io._layout import Layout
from parasim.io._order import in_order


class MemorySession:
    """Collects a run in numpy arrays, as `StoreSession` does in a store.

    Arguments:
        layout: the arrays.
        attributes: of the dataset.
    """

    def __init__(self, layout: Layout, attributes: Mapping[str, Any]) -> None:
        self._layout = layout
        self._attributes = {**attributes, "status": "running"}
        self._arrays = {
            f.name: np.full(layout.full_shape(f), f.fill_value, f.dtype) for f in layout.fields
        }

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
            self._attributes["status"] = "complete"

    def annotate(self, **attributes: Any) -> None:
        """Set attributes of the dataset."""
        self._attributes.update(attributes)

    def writer(self, region: int = 0) -> "MemoryRegion":
        """Return what collects a region."""
        return MemoryRegion(self._layout, self._arrays, region)

    def dataset(self) -> xr.Dataset:
        """Return everything that was put, as a dataset like the one that a store opens as."""
        layout = self._layout
        rows = [block for _, block in layout.time_blocks()]
        coordinates: dict[str, Any] = {
            "time": ("time", np.concatenate(rows), layout.time_attributes),
            "window_time": ("window", layout.window_ends, layout.window_attributes),
            **{c.name: (c.axis, c.values, dict(c.attributes)) for c in layout.coordinates},
        }
        variables = {
            f.name: (layout.dims(f), self._arrays[f.name], dict(f.attributes))
            for f in layout.fields
        }
        made = xr.Dataset({**coordinates, **variables}, attrs=self._attributes)
        return in_order(xr.decode_cf(made))


class MemoryRegion:
    """Collects the rows of one region; use it in a `with`, as `RegionWriter`."""

    def __init__(self, layout: Layout, arrays: Mapping[str, np.ndarray], region: int) -> None:
        self._layout = layout
        self._arrays = arrays
        self._place = layout.regions[region]
        self._put = dict.fromkeys(arrays, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def put(self, rows: Mapping[str, np.ndarray]) -> None:
        """Append rows to some of the arrays; see `SinkWriter.put`."""
        for f in self._layout.fields:
            if f.name not in rows:
                continue
            block = rows[f.name]
            first = self._put[f.name]
            self._put[f.name] = first + block.shape[self._layout.row_axis]
            kept = self._layout.encoding.rounded(block) if f.along == "time" else block
            self._arrays[f.name][(*self._place, slice(first, self._put[f.name]))] = kept
