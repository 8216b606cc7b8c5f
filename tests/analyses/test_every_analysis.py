"""What holds of every analysis: chunks, laziness, NaN, what is kept, and what is refused."""

import inspect
from functools import partial

import numpy as np
import pytest
import xarray as xr

from parasim import ConfigError, analyses
from parasim.analyses import _blocks
from tests.analyses.series import dataset, ensemble, unfinished, with_gap

CALLS = {
    "ensemble_mean": {},
    "ensemble_spread": {},
    "ensemble_quantiles": {},
    "climatology": {"period": 1.3},
    "running_mean": {"length": 9},
    "power_spectrum": {"segment": 32, "overlap": 20},
    "autocorrelation": {"lags": 30},
    "histogram": {"bins": 7},
    "spike_times": {"threshold": 0.3},
    "interspike_intervals": {"threshold": 0.3, "refractory": 0.7},
    "spike_rate": {"threshold": 0.3, "width": 3.0},
    "poincare_section": {"plane": "w", "level": 0.5},
    "return_map": {},
    "recurrence": {"radius": 1.0, "dims": "site"},
}
OF_WINDOWS = {"growth_over_time"}
COMPUTED_NOW = {
    "spike_times", "interspike_intervals", "spike_rate", "poincare_section", "return_map"
}  # fmt: skip
# Along other dimensions than time a machine may do several transforms at once, and round otherwise.
BY_FOURIER_TRANSFORM = {"power_spectrum", "autocorrelation"}
# Their sums are xarray's, chunk by chunk; those of the others are made in the same order always.
TO_ROUNDING = {"climatology", "ensemble_mean", "ensemble_spread"}
OF_EACH_TIME = {"ensemble_mean", "ensemble_spread", "ensemble_quantiles", "running_mean"}
CHUNKS = {
    "single rows": {"time": 1},
    "uneven": {"time": (1, 60, 3, 90, 46), "site": 1},
    "members apart": {"time": 64, "member": 1},
    "one": {},
}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(_blocks, "_VALUES", 300)


def call(name, made):
    return getattr(analyses, name)(made, **CALLS[name])


def test_all_are_tested():
    functions = {n for n in analyses.__all__ if inspect.isfunction(getattr(analyses, n))}
    assert functions == set(CALLS) | OF_WINDOWS


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
@pytest.mark.parametrize("name", CALLS)
def test_chunks_change_nothing(name, chunks):
    expected = call(name, ensemble())
    assert not any(v.chunks for v in expected.variables.values())
    result = call(name, ensemble().chunk(chunks))
    assert (name not in COMPUTED_NOW) == any(v.chunks for v in result.data_vars.values())
    if name in TO_ROUNDING or (name in BY_FOURIER_TRANSFORM and set(chunks) - {"time"}):
        xr.testing.assert_allclose(result.compute(), expected, rtol=1e-12, atol=1e-14)
        assert result.attrs == expected.attrs
    else:
        xr.testing.assert_identical(result.compute(), expected)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_is_kept(name):
    made = ensemble()
    result = call(name, made)
    assert result.attrs == made.attrs
    assert "growth_rate" not in result
    reduced = "member" if name.startswith("ensemble") else "time"
    gone = {reduced} - ({"time"} if "rate" in name or name == "recurrence" else set())
    for variable in result.data_vars.values():
        assert "units" in variable.attrs
        assert "long_name" in variable.attrs
        assert not gone & set(variable.dims) or name in OF_EACH_TIME
        if "member" in variable.dims:
            np.testing.assert_array_equal(variable["current"], made["current"])


@pytest.mark.parametrize("name", sorted(set(CALLS) - OF_EACH_TIME))
def test_rows_that_are_not_there_yet_are_left_out(name):
    made = ensemble()
    for chunks in ({}, {"time": 50}):
        result = call(name, unfinished(made).chunk(chunks))
        if name in TO_ROUNDING:
            xr.testing.assert_allclose(result.compute(), call(name, made))
        else:
            xr.testing.assert_identical(result.compute(), call(name, made))


@pytest.mark.parametrize("name", sorted(OF_EACH_TIME))
def test_rows_that_are_not_there_yet_are_nan_where_each_time_has_a_value(name):
    made = ensemble()
    there = made["time"].values[:-20]
    result, expected = call(name, unfinished(made)), call(name, made)
    xr.testing.assert_identical(result.sel(time=there), expected.sel(time=there))
    assert result.isel(time=slice(-60, None)).to_array().isnull().all()


@pytest.mark.parametrize("name", ["power_spectrum", "autocorrelation", "climatology", "spike_rate"])
def test_a_gap_inside_is_nan_for_its_series_only(name):
    made = ensemble()
    result, expected = call(name, with_gap(made)), call(name, made)
    first = next(iter(result.data_vars))
    of_gap = {"member": 0, "site": 0}
    assert bool(result[first][of_gap].isnull().any())
    others = {"member": slice(1, None)}
    xr.testing.assert_identical(result.isel(others), expected.isel(others))
    np.testing.assert_array_equal(
        result[first].isel(member=0, site=1), expected[first].isel(member=0, site=1)
    )


@pytest.mark.parametrize("name", CALLS)
def test_float32_and_integers(name):
    single = call(name, ensemble(dtype="float32"))
    double = call(name, ensemble(dtype="float32").astype("float64"))
    for variable in double.data_vars:
        np.testing.assert_allclose(single[variable], double[variable], rtol=2e-5, atol=1e-4)
    whole = ensemble()
    whole["v"], whole["w"] = (10 * whole["v"]).astype(int), whole["w"].astype(int)
    assert call(name, whole).sizes


@pytest.mark.parametrize("name", CALLS)
def test_the_size_of_blocks_changes_rounding_only(name, monkeypatch):
    small = call(name, ensemble())
    monkeypatch.setattr(_blocks, "_VALUES", 10**6)
    xr.testing.assert_allclose(call(name, ensemble()), small, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_what_every_analysis_refuses(name):
    one = partial(call, name)
    with pytest.raises(ConfigError, match=r"no dimension '(time|member)'.*known: "):
        one(ensemble().rename(time="t", member="run"))
    with pytest.raises(ConfigError, match=r"an xarray\.Dataset is needed, not DataArray"):
        one(ensemble()["v"])
    with pytest.raises(ConfigError, match=r"no variable 'vv'.* did you mean 'v'"):
        getattr(analyses, name)(ensemble(), **CALLS[name], variables="vv")
    with pytest.raises(ConfigError, match=r"'member' is empty|'time' is empty"):
        one(ensemble().isel(member=slice(0), time=slice(0)))
    with pytest.raises(ConfigError, match=r"no variable ('w' )?along"):
        getattr(analyses, name)(
            dataset(v=np.zeros(9)).assign(x=0).drop_vars("v"), **CALLS[name] | {"variables": None}
        )


@pytest.mark.parametrize("name", sorted(set(CALLS) - OF_EACH_TIME))
def test_a_run_without_a_complete_window_is_refused(name):
    with pytest.raises(ConfigError, match="has not completed its first window"):
        call(name, ensemble().where(False))


@pytest.mark.parametrize("name", ["power_spectrum", "autocorrelation"])
def test_uneven_times_are_refused(name):
    made = ensemble()
    uneven = made.assign_coords(time=made["time"].values ** 1.1)
    with pytest.raises(ConfigError, match=r"not evenly spaced: 0 and .*dataset.interp"):
        call(name, uneven)


@pytest.mark.parametrize("name", ["climatology", "spike_times", "power_spectrum", "return_map"])
def test_times_that_do_not_increase_are_refused(name):
    made = ensemble()
    with pytest.raises(ConfigError, match="must increase"):
        call(name, made.isel(time=slice(None, None, -1)))
