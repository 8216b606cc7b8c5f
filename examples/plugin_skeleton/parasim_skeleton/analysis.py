"""How much of the time a variable is above a threshold."""

from collections.abc import Iterable

import xarray as xr


def time_above(
    dataset: xr.Dataset, *, threshold: float, variables: Iterable[str] | None = None
) -> xr.Dataset:
    """Return the fraction of saved times at which each variable is above a threshold.

    Arguments:
        dataset: with variables along `time`, of numpy or of dask.
        threshold: in the unit of the variables.
        variables: which; all along `time` if None.
    """
    names = list(variables or (n for n, v in dataset.data_vars.items() if "time" in v.dims))
    result = {}
    for name in names:
        values = dataset[name]
        above = (values > threshold).where(values.notnull()).mean("time")  # without unwritten rows
        result[name] = above.assign_attrs(units="1", long_name=f"time above {threshold:g}")
    return xr.Dataset(result, attrs=dataset.attrs)
