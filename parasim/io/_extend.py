"""Lengthens a store whose run is complete."""

import json
from collections.abc import Mapping
from typing import Any

import zarr
from zarr.abc.store import Store

from parasim._errors import StoreError
from parasim.io._create import write_times
from parasim.io._layout import Layout
from parasim.io._objects import read_object, settle, write_object

_ROOT = "zarr.json"


def extend_store(store: Store, layout: Layout, attributes: Mapping[str, Any]) -> None:
    """Make room for more rows, and change root attributes; the root is written last, at once.

    Chunks stay as they are. A reader, or a process that is killed, meets the old store before that
    and the new one after it.

    Arguments:
        store: zarr's, whose lock is held.
        layout: of the longer run.
        attributes: of the root, that change.
    """
    shapes = {f.name: layout.full_shape(f) for f in layout.fields}
    shapes |= {"time": (layout.rows,), "window_time": (layout.windows,)}
    root = _read(store, _ROOT)
    members = (root.get("consolidated_metadata") or {}).get("metadata", {})
    for name, shape in shapes.items():
        metadata = _read(store, f"{name}/{_ROOT}")
        metadata["shape"] = list(shape)
        if name in members:
            members[name]["shape"] = list(shape)
        write_object(store, f"{name}/{_ROOT}", json.dumps(metadata).encode())
    write_times(store, layout)
    ends: Any = zarr.open_array(store, path="window_time", mode="r+")
    ends[:] = layout.window_ends
    root["attributes"] |= attributes
    write_object(store, _ROOT, json.dumps(root).encode())
    settle(store, "lengthened")


def _read(store: Store, key: str) -> dict[str, Any]:
    content = read_object(store, key)
    if content is None:
        raise StoreError(f"{store} is damaged: {key} is missing")
    return json.loads(content)
