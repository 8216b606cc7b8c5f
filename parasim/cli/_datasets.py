"""What commands read: runs, and other zarr stores."""

from pathlib import Path
from typing import TYPE_CHECKING

from parasim._errors import StoreError, first_line

if TYPE_CHECKING:
    import xarray as xr


def is_stored_run(name: str) -> bool:
    """Whether a name is that of a folder that parasim wrote, and not of a system."""
    if not Path(name).is_dir():
        return False
    from parasim.io._root import is_ours

    return is_ours(Path(name))


def open_dataset(store: str) -> "xr.Dataset":
    """Open a run, as far as it has come, or any other zarr store, in the chunks that it has.

    Raises:
        StoreError: there is nothing, or something else.
    """
    import xarray as xr

    from parasim.io import open_run
    from parasim.io._objects import open_objects, store_place
    from parasim.io._root import MARK, root_metadata

    place = store_place(store)
    ours = MARK in (root_metadata(place).get("attributes") or {})
    if ours or (isinstance(place, Path) and not place.exists()):
        return open_run(store)
    try:
        return xr.open_zarr(open_objects(place, read_only=True), chunks={})
    except Exception as error:  # whatever zarr or a codec makes of foreign files
        raise StoreError(f"{store} cannot be read as a zarr store: {first_line(error)}") from error
