"""Mean, spread and quantiles over the members of an ensemble, or over any other dimensions."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._blocks import whole
from parasim.analyses._metadata import cell_method
from parasim.analyses._time import TIME, Names, along_all, committed


def ensemble_mean(
    dataset: xr.Dataset, *, dims: str | Iterable[str] = "member", variables: Names = None
) -> xr.Dataset:
    """Return the mean over the members, at each time.

    Arguments:
        dataset: with variables along `time` and `dims`; of numpy or of dask, then nothing is
            computed yet.
        dims: what the mean is taken over; with `time` among them, rows that are not there yet are
            left out.
        variables: which; all that have these dimensions if None.

    Returns:
        The same variables without `dims`. Where a member is NaN the mean is: drop members that are
        not there first, such as with `dataset.dropna("member", how="all")`.

    Raises:
        ConfigError: there is no such dimension or variable, or there are no members.
    """
    chosen, over = _members(dataset, dims, variables)
    result = chosen.mean(over, skipna=False, keep_attrs=True)
    return _with_method(result, over, "mean")


def ensemble_spread(
    dataset: xr.Dataset, *, dims: str | Iterable[str] = "member", variables: Names = None
) -> xr.Dataset:
    """Return the standard deviation over the members, at each time.

    That is `sqrt(sum (x_i - mean)^2 / (n - 1))`, so that its square is without bias.

    Arguments:
        dataset, dims, variables: see `ensemble_mean`.

    Returns:
        The same variables without `dims`; NaN where a member is.

    Raises:
        ConfigError: as `ensemble_mean`, or there are fewer than two members.
    """
    chosen, over = _members(dataset, dims, variables)
    members = int(np.prod([chosen.sizes[dim] for dim in over]))
    if members < 2:
        raise ConfigError("one member has no spread: two are needed at least")
    result = chosen.std(over, ddof=1, skipna=False, keep_attrs=True)
    return _with_method(result, over, "standard_deviation")


def ensemble_quantiles(
    dataset: xr.Dataset,
    *,
    quantiles: float | Iterable[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    dims: str | Iterable[str] = "member",
    variables: Names = None,
) -> xr.Dataset:
    """Return quantiles over the members, at each time, interpolated linearly between members.

    Arguments:
        dataset, dims, variables: see `ensemble_mean`.
        quantiles: numbers from 0 to 1.

    Returns:
        The same variables with a first dimension `quantile` in place of `dims`; NaN where a member
        is.

    Raises:
        ConfigError: as `ensemble_mean`, or a quantile is not from 0 to 1.
    """
    chosen, over = _members(dataset, dims, variables)
    wanted = np.atleast_1d(np.asarray(quantiles, dtype=np.float64))
    if not (wanted.size and np.all((wanted >= 0) & (wanted <= 1))):
        raise ConfigError(f"quantiles must be numbers from 0 to 1, not {quantiles!r}")
    result = xr.Dataset(
        {
            name: whole(array, *over).quantile(wanted, over, skipna=False, keep_attrs=True)
            for name, array in chosen.data_vars.items()
        },
        attrs=chosen.attrs,
    )
    result["quantile"].attrs.update({"units": "1", "long_name": "quantile"})
    return result


def _members(
    dataset: xr.Dataset, dims: str | Iterable[str], variables: Names
) -> tuple[xr.Dataset, tuple[str, ...]]:
    chosen, over = along_all(dataset, dims, variables)
    return (committed(chosen) if TIME in over else chosen), over


def _with_method(dataset: xr.Dataset, dims: tuple[str, ...], method: str) -> xr.Dataset:
    words = f"{': '.join(dims)}: {method}"
    return dataset.assign(
        {name: a.assign_attrs(cell_method(a, words)) for name, a in dataset.data_vars.items()}
    )
