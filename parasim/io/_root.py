"""What the root of a store says, or of something else that is where a store could be."""

import json
from pathlib import Path
from typing import Any

from parasim._errors import StoreError, first_line
from parasim.io._objects import Place, object_names, open_objects, read_object

ROOT = "zarr.json"
BEING_MADE = "being made"

MARK = "parasim_store"  # the root attribute, the version of the layout, that makes a group ours
STORE_VERSION = 2


def objects_below(place: Place) -> list[str]:
    """Return the names of what is directly in a place."""
    try:
        return object_names(open_objects(place, read_only=True))
    except OSError as error:
        raise StoreError(f"cannot read {place}: {first_line(error)}") from error


def is_group(place: Place) -> bool:
    """Whether there is a zarr 3 group at a place."""
    return root_metadata(place).get("node_type") == "group"


def is_ours(place: Place) -> bool:
    """Whether the zarr 3 group at a place is a store that parasim wrote."""
    return MARK in (root_metadata(place).get("attributes") or {})


def is_half_made(place: Place) -> bool:
    """Whether the making of a store was begun and not finished, so that nothing is in it."""
    return (root_metadata(place).get("attributes") or {}).get("status") == BEING_MADE


def root_metadata(place: Place) -> dict[str, Any]:
    """Return what is in the root's file; nothing if there is none."""
    if isinstance(place, Path) and not (place / ROOT).is_file():
        return {}
    try:
        content = read_object(open_objects(place, read_only=True), ROOT)
        metadata = json.loads(content or b"{}")
    except StoreError:
        raise
    except (OSError, ValueError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
