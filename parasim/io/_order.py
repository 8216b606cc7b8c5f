"""The order of a run's variables: as its system declares them, which no file format keeps."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import xarray as xr

ATTRIBUTE = "state_variables"
"""Of the root of a store: the names of the state's variables, in order, as JSON."""


def declared(names: Iterable[str], attributes: Mapping[str, Any]) -> list[str]:
    """Return names in the order that a run's attributes declare; others follow by alphabet."""
    order = _order(attributes)
    places = {name: place for place, name in enumerate(order)}
    return sorted(names, key=lambda name: (places.get(name, len(order)), name))


def in_order(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset of a run with its variables in the order of its system."""
    return dataset[declared(map(str, dataset.data_vars), dataset.attrs)]


def _order(attributes: Mapping[str, Any]) -> list[str]:
    """Return what is declared; nothing where an attribute of this name is somebody else's."""
    text = attributes.get(ATTRIBUTE)
    try:
        order = json.loads(text) if isinstance(text, str) else []
    except ValueError:
        return []
    return [str(name) for name in order] if isinstance(order, list) else []
