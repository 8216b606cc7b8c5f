"""Growth over a run, from what its windows say."""

import numpy as np
import pytest
import xarray as xr

from parasim import ConfigError
from parasim.analyses import growth_over_time


def run(rates, ends, **more):
    rates = np.asarray(rates, float)
    dims = ("member", "window")[-rates.ndim :]
    rate = {"units": "1/ms", "long_name": "finite-time Lyapunov growth rate"}
    variables = {
        "growth_rate": (dims, rates, rate),
        "exponent": (dims, rates, rate),
        "exponent_error": (dims, np.ones_like(rates), rate),
        "window_time": ("window", np.asarray(ends, float), {"units": "ms"}),
        "time": ("time", [2.0, 3.0]),
        "x": ("time", [0.0, 1.0]),
    }
    return xr.Dataset(variables | more, attrs={"title": "a run"}).set_coords("window_time")


def test_the_mean_weighs_windows_by_their_time():
    result = growth_over_time(run([1.0, 2, np.nan, 4], [3, 5, 6, 8]))
    np.testing.assert_allclose(result["mean_growth_rate"], [1, 5 / 3, 5 / 3, 13 / 5])
    assert result["mean_growth_rate"].attrs["units"] == "1/ms"
    assert "x" not in result
    assert result.attrs == {"title": "a run"}
    np.testing.assert_array_equal(result["window_time"], [3, 5, 6, 8])


def test_the_error_of_equal_windows_is_that_of_a_mean():
    rates = np.random.default_rng(0).standard_normal((2, 30))
    result = growth_over_time(run(rates, 2 + np.arange(1, 31)))
    assert result["mean_growth_rate_error"][:, 0].isnull().all()
    for count in (2, 7, 30):
        expected = rates[:, :count].std(axis=1, ddof=1) / np.sqrt(count)
        np.testing.assert_allclose(result["mean_growth_rate_error"][:, count - 1], expected)


def test_chunks_change_nothing_and_windows_to_come_are_left_out():
    ends = np.array([3.0, 4, 5, np.nan, np.nan])
    made = run([1.0, 2, 3, np.nan, np.nan], ends)
    result = growth_over_time(made.chunk(window=2))
    assert result.chunks
    xr.testing.assert_identical(result.compute(), growth_over_time(made))
    assert result.sizes["window"] == 3


def test_before_growth_was_measured_there_is_no_mean():
    result = growth_over_time(run([np.nan, 1.0], [3, 4]))
    assert result["mean_growth_rate"][0].isnull()


def test_a_dataset_that_does_not_say_is_refused():
    with pytest.raises(ConfigError, match="'growth_rate' is missing"):
        growth_over_time(run([1.0], [3]).drop_vars("growth_rate"))
