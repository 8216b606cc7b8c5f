"""Keeps the rows of a run in memory, with the same arrays as a store."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import xarray as xr

from parasim.io._layout import Layout


class MemoryWriter:
    """Collects rows in numpy arrays, as `StoreWriter` does in a store.

    Arguments:
        layout: the arrays.
        attributes: of the dataset.
    """

    def __init__(self, layout: Layout, attributes: Mapping[str, Any]) -> None:
        self._layout = layout
        self._attributes = dict(attributes)
        self._arrays = {
            f.name: np.full(layout.full_shape(f), f.fill_value, f.dtype) for f in layout.fields
        }
        self._put = dict.fromkeys(self._arrays, 0)

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

    def put(self, rows: Mapping[str, np.ndarray]) -> None:
        """Append rows to some of the arrays; see `StoreWriter.put`."""
        for f in self._layout.fields:
            if f.name not in rows:
                continue
            axis = int(self._layout.has_member_axis(f))
            first = self._put[f.name]
            self._put[f.name] = first + rows[f.name].shape[axis]
            where = (*[slice(None)] * axis, slice(first, self._put[f.name]))
            self._arrays[f.name][where] = rows[f.name]

    def annotate(self, **attributes: Any) -> None:
        """Set attributes of the dataset."""
        self._attributes.update(attributes)

    def dataset(self) -> xr.Dataset:
        """Return everything that was put, as a dataset like the one that a store opens as."""
        layout = self._layout
        rows = [block for _, block in layout.time_blocks()]
        variables: dict[str, Any] = {
            "time": ("time", np.concatenate(rows), layout.time_attributes),
            **{
                f.name: (layout.dims(f), self._arrays[f.name], dict(f.attributes))
                for f in layout.fields
            },
        }
        if layout.members is not None:
            variables["member"] = ("member", np.arange(layout.members))
        dataset = xr.Dataset(variables, attrs=self._attributes)
        written = {f.along: self._put[f.name] for f in layout.fields}
        return xr.decode_cf(dataset).isel({dim: slice(n) for dim, n in written.items()})
