"""Going on with a run: only as the same one, on the same kind of machine."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from parasim._errors import ConfigError, StoreError
from parasim.integrators import DeviceCosts
from parasim.io._objects import store_place
from parasim.io._reader import check_store
from parasim.io._records import decoded
from parasim.io._root import is_half_made, root_metadata
from parasim.simulation.planning._plan import Plan

_NUMERICAL = ("parasim", "jax", "jaxlib", "diffrax", "equinox")
# The attributes that a store gets anew when its run is lengthened.
EXTENDED = ("configuration", "request", "command")
_MACHINE = ("platform", "device")


def stored_attributes(path: Any) -> dict[str, Any]:
    """Return the root attributes of a store, those that are JSON decoded.

    Raises:
        ConfigError: it is no path.
        StoreError: there is no store, or it is something else.
    """
    place = store_place(path)
    check_store(place)
    if is_half_made(place):
        raise StoreError(f"{place} was being made when that was interrupted: run its command again")
    return decoded(root_metadata(place)["attributes"])


def stored_costs(attributes: Mapping[str, Any]) -> DeviceCosts:
    """Return the costs that a run decides by, which may have been measured anew since."""
    costs = attributes["configuration"]["solver"]["costs"]
    return DeviceCosts(**{f.name: costs[f.name] for f in fields(DeviceCosts)})


def check_same(
    plan: Plan, attributes: Mapping[str, Any], name: str, *, longer: bool = False
) -> None:
    """Refuse to go on with a run as another one, or where it would come out otherwise.

    Arguments:
        plan: of what is asked for now.
        attributes: of the store, from `stored_attributes`.
        name: of the store.
        longer: whether the run may have another end.

    Raises:
        ConfigError: the message says what is different.
    """
    stored = {
        **attributes["configuration"],
        "version": {key: attributes["versions"].get(key) for key in _NUMERICAL},
        **{key: attributes.get(key) for key in _MACHINE},
    }
    versions = json.loads(plan.attributes["versions"])
    now = {
        **json.loads(json.dumps(plan.configuration)),
        "version": {key: versions.get(key) for key in _NUMERICAL},
        **{key: plan.attributes.get(key) for key in _MACHINE},
    }
    if longer:
        stored["t1"] = now["t1"]
    changed = list(_differences(stored, now))
    if changed:
        raise ConfigError(
            f"{name} is the store of another run, which would not come out the same: "
            + "; ".join(changed)
            + ". Make these as they were, or write another store"
        )


def _differences(stored: Any, now: Any, where: str = "") -> Iterator[str]:
    """Say what is different, by the path to it."""
    if isinstance(stored, Mapping) and isinstance(now, Mapping):
        for key in [*stored, *(key for key in now if key not in stored)]:
            path = f"{where}.{key}" if where else key
            yield from _differences(stored.get(key), now.get(key), path)
    elif stored != now:
        yield f"{where} was {_short(stored)} and is {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
