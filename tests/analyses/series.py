"""Datasets whose statistics are known."""

import numpy as np
import xarray as xr


def dataset(step=0.1, unit="ms", **variables):
    """Make a dataset along `time` of arrays whose first axis it is, or of (dims, array)."""
    arrays = {
        name: (("time",), np.asarray(value)) if not isinstance(value, tuple) else value
        for name, value in variables.items()
    }
    rows = next(a.shape[d.index("time")] for d, a in arrays.values())
    made = xr.Dataset(arrays, attrs={"title": "a test"})
    made["time"] = ("time", np.arange(rows) * step, {"units": unit, "long_name": "model time"})
    for array in made.data_vars.values():
        array.attrs.update({"units": "mV", "long_name": "potential"})
    return made


def ensemble(rows=200, members=3, sites=2, dtype="float64"):
    """Make noise along member, time and site, a scalar along time, and coordinates."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((members, rows, sites)).astype(dtype)
    made = dataset(
        v=(("member", "time", "site"), noise),
        w=(("member", "time"), np.cumsum(rng.standard_normal((members, rows)), 1).astype(dtype)),
    )
    made["growth_rate"] = (("member", "window"), rng.standard_normal((members, 4)))
    return made.assign_coords(
        member=np.arange(members), current=("member", np.linspace(5, 7, members))
    )


def with_gap(made, row=50):
    """Return a copy with one value of `v` missing, of the first member."""
    gap = made.copy(deep=True)
    gap["v"][{"member": 0, "time": row, "site": 0}] = np.nan
    return gap


def unfinished(made, more=70):
    """Return it as in a store that a run still fills: with times, and NaN, behind."""
    rows = made.sizes["time"]
    longer = made.pad(time=(0, more), constant_values=np.nan)
    step = float(made["time"][1] - made["time"][0])
    times = np.arange(rows + more) * step
    return longer.assign_coords(time=("time", times, made["time"].attrs))
