"""Analyses of trajectories: functions from datasets to datasets, also larger than memory.

Each takes variables along `time` from a dataset of numpy or dask arrays, and keeps other
dimensions, coordinates and attributes. What is computed from a dask array is lazy, except where
the data decide the shape of the result. Importing this registers the accessor `ds.parasim`.
"""

import parasim._dataset  # noqa: F401 - registers `ds.parasim`
from parasim.analyses._accessor import ParasimAccessor as ParasimAccessor
from parasim.analyses._autocorrelation import autocorrelation as autocorrelation
from parasim.analyses._climatology import climatology as climatology
from parasim.analyses._ensemble import (
    ensemble_mean as ensemble_mean,
    ensemble_quantiles as ensemble_quantiles,
    ensemble_spread as ensemble_spread,
)
from parasim.analyses._growth import growth_over_time as growth_over_time
from parasim.analyses._histogram import histogram as histogram
from parasim.analyses._recurrence import recurrence as recurrence
from parasim.analyses._return_map import return_map as return_map
from parasim.analyses._run_record import RunRecord as RunRecord
from parasim.analyses._running_mean import running_mean as running_mean
from parasim.analyses._section import poincare_section as poincare_section
from parasim.analyses._spectrum import power_spectrum as power_spectrum
from parasim.analyses._spikes import (
    interspike_intervals as interspike_intervals,
    spike_rate as spike_rate,
    spike_times as spike_times,
)
from parasim.analyses.pictures._plots import Plots as Plots

__all__ = [
    "ParasimAccessor",
    "Plots",
    "RunRecord",
    "autocorrelation",
    "climatology",
    "ensemble_mean",
    "ensemble_quantiles",
    "ensemble_spread",
    "growth_over_time",
    "histogram",
    "interspike_intervals",
    "poincare_section",
    "power_spectrum",
    "recurrence",
    "return_map",
    "running_mean",
    "spike_rate",
    "spike_times",
]
