"""The accessor `dataset.parasim`."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import xarray as xr

from parasim._errors import near_names
from parasim.analyses._autocorrelation import autocorrelation
from parasim.analyses._climatology import climatology
from parasim.analyses._ensemble import ensemble_mean, ensemble_quantiles, ensemble_spread
from parasim.analyses._growth import growth_over_time
from parasim.analyses._histogram import histogram
from parasim.analyses._recurrence import recurrence
from parasim.analyses._report import report
from parasim.analyses._return_map import return_map
from parasim.analyses._run_record import RunRecord, run_record
from parasim.analyses._running_mean import running_mean
from parasim.analyses._section import poincare_section
from parasim.analyses._spectrum import power_spectrum
from parasim.analyses._spikes import interspike_intervals, spike_rate, spike_times
from parasim.analyses.pictures._plots import Plots
from parasim.plugins._registry import load, names


def _method(function: Callable[..., xr.Dataset]) -> Callable[..., xr.Dataset]:
    """Make a method of an analysis, with its signature and documentation."""

    def method(self: "ParasimAccessor", **options: Any) -> xr.Dataset:
        return function(self._dataset, **options)

    parameters = list(inspect.signature(function).parameters.values())
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.signature(function).replace(parameters=[first, *parameters[1:]])
    method.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = function.__doc__
    return method


class ParasimAccessor:
    """The analyses of `parasim.analyses` as methods, and what the dataset says about its run.

    Analyses that other packages bring are methods too, by their names with `_` for `-`.

    Arguments:
        dataset: that was opened from a store, returned by `parasim.simulate`, or computed from one.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def __getattr__(self, name: str) -> Callable[..., xr.Dataset]:
        known = [] if name.startswith("_") else [n.replace("-", "_") for n in names("analyses")]
        if name not in known:
            raise AttributeError(
                f"dataset.parasim has no attribute {name!r}: {near_names(name, known)}"
            )
        return partial(load("analyses", name), self._dataset)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(n.replace("-", "_") for n in names("analyses"))})

    @property
    def run(self) -> RunRecord:
        """What made the dataset: configuration, versions and other attributes, read-only.

        Raises:
            ConfigError: it was not made by parasim.
        """
        return run_record(self._dataset)

    def report(self) -> str:
        """Say how the windows of the run were computed, why, and how small differences grew.

        Raises:
            ConfigError: the dataset was not made by parasim, or is a part only.
        """
        return report(self._dataset)

    @property
    def plot(self) -> Plots:
        """Quick looks; see `Plots`. They need matplotlib, the extra `parasim[plots]`."""
        return Plots(self._dataset)

    autocorrelation = _method(autocorrelation)
    climatology = _method(climatology)
    ensemble_mean = _method(ensemble_mean)
    ensemble_quantiles = _method(ensemble_quantiles)
    ensemble_spread = _method(ensemble_spread)
    growth_over_time = _method(growth_over_time)
    histogram = _method(histogram)
    interspike_intervals = _method(interspike_intervals)
    poincare_section = _method(poincare_section)
    power_spectrum = _method(power_spectrum)
    recurrence = _method(recurrence)
    return_map = _method(return_map)
    running_mean = _method(running_mean)
    spike_rate = _method(spike_rate)
    spike_times = _method(spike_times)
