"""The accessor `dataset.parasim`, which loads the analyses when it is first used."""

from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from parasim.analyses._accessor import ParasimAccessor


def accessor(dataset: xr.Dataset) -> "ParasimAccessor":
    """Return the analyses of a dataset as methods."""
    from parasim.analyses._accessor import ParasimAccessor

    return ParasimAccessor(dataset)


xr.register_dataset_accessor("parasim")(accessor)  # type: ignore[arg-type]
