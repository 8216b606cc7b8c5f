"""Ensemble statistics, climatologies and running means against numpy and known cycles."""

import numpy as np
import pytest
import xarray as xr

from parasim import ConfigError
from parasim.analyses import (
    climatology,
    ensemble_mean,
    ensemble_quantiles,
    ensemble_spread,
    running_mean,
)
from parasim.analyses._running_mean import running_sum
from tests.analyses.series import dataset, ensemble


def test_ensemble_statistics_are_numpys():
    made = ensemble(members=5)
    values = made["v"].values
    np.testing.assert_allclose(ensemble_mean(made)["v"], values.mean(0), atol=1e-14)
    np.testing.assert_allclose(ensemble_spread(made)["v"], values.std(0, ddof=1))
    quantiles = ensemble_quantiles(made, quantiles=[0.1, 0.5], dims=["member", "site"])
    np.testing.assert_allclose(quantiles["v"], np.quantile(values, [0.1, 0.5], axis=(0, 2)))
    assert "w" not in quantiles
    assert ensemble_mean(made)["v"].attrs["cell_methods"] == "member: mean"
    spread = ensemble_spread(ensemble_mean(made), dims="site")
    assert spread["v"].attrs["cell_methods"] == "member: mean site: standard_deviation"


def test_a_member_that_is_not_there_makes_the_mean_nan():
    made = ensemble()
    made["v"][{"member": 1, "time": slice(100, None)}] = np.nan
    mean = ensemble_mean(made)["v"]
    assert mean[:100].notnull().all()
    assert mean[100:].isnull().all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda d: ensemble_mean(d, dims="members"), "did you mean 'member'"),
        (lambda d: ensemble_mean(d, dims=()), "names no dimension"),
        (lambda d: ensemble_mean(d, dims="site", variables=["v", "w"]), "'w' lacks one of"),
        (lambda d: ensemble_spread(d.isel(member=[0])), "one member has no spread"),
        (lambda d: ensemble_quantiles(d, quantiles=50), "from 0 to 1, not 50"),
        (lambda d: running_mean(d, length=201), "length = 201 is more than the 200"),
        (lambda d: running_mean(d, length=True), "must be a whole number"),
        (climatology, "either a period or"),
        (lambda d: climatology(d, period=-1.0), "positive number"),
        (lambda d: climatology(d, period=1.0, bins=0), "bins must be"),
        (lambda d: climatology(d, calendar="month"), "numbers, not dates"),
        (lambda d: climatology(d, calendar="moth"), "did you mean 'month'"),
    ],
)
def test_what_cannot_be_done_is_refused(call, said):
    with pytest.raises(ConfigError, match=said):
        call(ensemble())


def test_a_cycle_is_its_own_climatology():
    phase = np.arange(6000) % 22
    cycle = np.random.default_rng(0).standard_normal(22)
    # By rounding a fifth of these times would be in the bin before.
    result = climatology(dataset(step=0.05, x=cycle[phase]), period=1.1, bins=22)
    np.testing.assert_allclose(result["x"], cycle, rtol=1e-12)
    np.testing.assert_allclose(result["phase"], (np.arange(22) + 0.5) / 22)
    assert result["x"].attrs["cell_methods"] == "time: mean"


def test_a_bin_without_values_is_nan():
    result = climatology(dataset(x=np.arange(10.0)), period=0.4, bins=8)
    assert result["x"].isnull().sum() == 4


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_months_of_dates_of_any_calendar(calendar):
    times = xr.date_range(
        "2001-01-01", periods=3 * 365, freq="D", calendar=calendar, use_cftime=calendar == "noleap"
    )
    made = xr.Dataset(
        {"T": ("time", np.asarray(times.month, float), {"units": "K"})}, {"time": times}
    )
    result = climatology(made, calendar="month")
    np.testing.assert_array_equal(result["T"], np.arange(1, 13))
    assert "within years" in result["T"].attrs["cell_methods"]


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 200])
def test_running_means_are_xarrays(length):
    made = ensemble()
    for centred in (True, False):
        result = running_mean(made, length=length, centred=centred)
        rolled = made["v"].rolling(time=length, center=centred).mean()
        np.testing.assert_allclose(result["v"], rolled, rtol=1e-12, atol=1e-13)
        np.testing.assert_array_equal(result["time"], made["time"])
    assert f"running, {length} values" in result["v"].attrs["cell_methods"]


def test_a_gap_and_a_large_value_reach_no_farther_than_the_length():
    values = np.random.default_rng(0).standard_normal(60)
    values[20], values[40] = np.nan, 1e30
    result = running_mean(dataset(x=values), length=5)["x"]
    assert np.flatnonzero(result.isnull()).tolist() == [0, 1, *range(18, 23), 58, 59]
    clean = running_mean(dataset(x=values[43:]), length=5)["x"]
    np.testing.assert_array_equal(result[45:58], clean[2:15])


def test_running_sums_of_whole_numbers_are_exact():
    values = np.arange(50.0)
    for length in range(1, 51):
        windows = np.lib.stride_tricks.sliding_window_view(values, length)
        np.testing.assert_array_equal(running_sum(values, length), windows.sum(-1))
