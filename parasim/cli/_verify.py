"""`parasim verify`: find what is missing or damaged in a store."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from parasim import _text
from parasim._errors import StoreError
from parasim.cli._completion import complete_stores
from parasim.cli._json import write_json
from parasim.cli._options import debug_option, json_option

if TYPE_CHECKING:
    from parasim.io import Damage, Verification

_MOST_SHOWN = 20

_EPILOG = """\b
Exit codes: 0 everything is there and sound, 4 something is missing or damaged, or this is no
store."""


@click.command(epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@json_option
@debug_option
def verify(store: str, *, as_json: bool) -> None:
    """Check that a whole STORE is there and sound.

    Everything that was committed is read; every chunk has a checksum. What is wrong can be computed
    again: `parasim resume --repair`.
    """
    from parasim.io import verify_store

    found = verify_store(store)
    if as_json:
        write_json({"store": store, "sound": found.sound, **dataclasses.asdict(found)})
    else:
        click.echo("\n".join(_lines(store, found)))
    if found.sound:
        return
    count = len(found.damages) + len(found.lost)
    raise StoreError(
        f"{_text.count(count)} of {_text.count(found.files)} files of {store} are missing or "
        f"damaged: compute them again by `parasim resume --repair {store}`"
    )


def _lines(store: str, found: "Verification") -> list[str]:
    if found.sound:
        return [f"{store} is sound: {_text.count(found.files)} files checked."]
    lines = _table(store, found.damages[:_MOST_SHOWN])
    if len(found.damages) > _MOST_SHOWN:
        lines.append(f"and {_text.count(len(found.damages) - _MOST_SHOWN)} more")
    return lines + [f"the progress of part {region} cannot be read" for region in found.lost]


def _table(store: str, damages: "Sequence[Damage]") -> list[str]:
    """Say of each file what is wrong with it, and which windows that concerns."""
    from parasim.simulation import damaged_windows, stored_attributes

    configuration = stored_attributes(store)["configuration"]
    lines = []
    for damage in damages:
        where = "a coordinate"
        if damage.region >= 0:
            windows = damaged_windows(damage, configuration)
            where = f"windows {_text.count(windows[0])} to {_text.count(windows[-1])}"
        lines.append(f"{damage.key}  {damage.problem}  ({where})")
    return lines
