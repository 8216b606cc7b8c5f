"""Spikes, sections and return maps against crossings and maps that are known."""

import numpy as np
import pytest
import xarray as xr

from parasim import ConfigError
from parasim.analyses import (
    interspike_intervals,
    poincare_section,
    return_map,
    spike_rate,
    spike_times,
)
from tests.analyses.series import dataset, with_gap

STEP = 0.01


def waves(seconds=10.0):
    """Make sines of 1 and 2 cycles per unit of time, and their cosines."""
    times = np.arange(round(seconds / STEP) + 1) * STEP
    angle = 2 * np.pi * times[:, None] * np.array([1.0, 2.0])
    made = dataset(
        step=STEP,
        v=(("time", "cell"), np.sin(angle - 0.5)),
        w=(("time", "cell"), np.cos(angle - 0.5)),
    )
    return made.assign_coords(cell=["slow", "fast"])


def test_a_sine_spikes_when_it_passes_zero_upwards():
    result = spike_times(waves(), threshold=0.0, variables="v")["v_spike_time"]
    assert result.dims == ("cell", "spike")
    slow, fast = result.sel(cell="slow"), result.sel(cell="fast")
    np.testing.assert_allclose(slow[:10], np.arange(10) + 0.5 / (2 * np.pi), atol=1e-4)
    assert slow[10:].isnull().all()
    np.testing.assert_allclose(fast, (np.arange(20) + 0.5 / (2 * np.pi)) / 2, atol=1e-4)
    assert result.attrs["units"] == "ms"


def test_a_straight_line_is_passed_exactly_and_a_value_on_the_threshold_counts_once():
    line = dataset(step=1.0, x=np.array([-1.0, 3, 1, 1, 0, 1, 2, 0.5]))
    result = spike_times(line, threshold=1.0)["x_spike_time"]
    np.testing.assert_array_equal(result, [0.5, 5.0])


def test_spikes_too_soon_after_one_that_counts_are_left_out():
    values = np.zeros(20)
    values[[2, 4, 6, 12]] = 1
    made = dataset(step=1.0, x=values)
    every = [1.5, 3.5, 5.5, 11.5]
    kept = {0: every, 2.0: every, 2.5: [1.5, 5.5, 11.5], 4.5: [1.5, 11.5], 99: [1.5]}
    for refractory, expected in kept.items():
        result = spike_times(made, threshold=0.5, refractory=refractory)["x_spike_time"]
        np.testing.assert_array_equal(result, expected)


def test_intervals_and_rates_of_a_sine():
    intervals = interspike_intervals(waves(), threshold=0.0, variables="v")["v_interval"]
    np.testing.assert_allclose(intervals.sel(cell="slow")[:9], 1, atol=1e-4)
    np.testing.assert_allclose(intervals.sel(cell="fast"), 0.5, atol=1e-4)
    rate = spike_rate(waves(), threshold=0.0)["v_spike_rate"]
    np.testing.assert_allclose(rate, [1, 2], rtol=1e-12)
    assert rate.attrs["units"] == "1/ms"
    binned = spike_rate(waves(), threshold=0.0, width=2.0)
    assert binned["v_spike_rate"].dims == ("cell", "time")
    np.testing.assert_allclose(binned["time"], [1, 3, 5, 7, 9])
    np.testing.assert_allclose(binned["v_spike_rate"], [[1] * 5, [2] * 5])


def test_a_spike_at_the_very_end_counts():
    made = dataset(step=1.0, v=np.array([0.0, 1, 0, 0, 1]))
    for width in (None, 2.0):
        rate = spike_rate(made, threshold=1.0, width=width)["v_spike_rate"]
        np.testing.assert_array_equal(rate, 0.5)


def test_without_spikes_there_is_nothing_and_the_rate_is_zero():
    made = waves()
    assert spike_times(made, threshold=2.0)["v_spike_time"].shape == (2, 0)
    assert interspike_intervals(made, threshold=2.0)["v_interval"].shape == (2, 0)
    assert (spike_rate(made, threshold=2.0)["v_spike_rate"] == 0).all()


def test_no_spike_beside_a_gap_and_no_rate():
    made = dataset(step=1.0, v=np.array([0.0, 1, 0, np.nan, 1, 0, 1]))
    assert spike_times(made, threshold=0.5)["v_spike_time"].values.tolist() == [0.5, 5.5]
    assert spike_rate(made, threshold=0.5)["v_spike_rate"].isnull()


def test_dates_give_moments_since_the_first():
    made = waves().assign_coords(
        time=np.datetime64("2000-01-01", "ns") + np.arange(1001) * np.timedelta64(1, "h")
    )
    result = spike_times(made, threshold=0.0)
    dates = xr.decode_cf(result)["v_spike_time"].isel(cell=0)
    assert str(dates.values[0])[:13] == "2000-01-01T07"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_circle_crosses_its_section_at_one_point(direction):
    result = poincare_section(waves(), plane="v", level=0.0, direction=direction)
    slow = result.sel(cell="slow").dropna("crossing")
    sign = 1 if direction == "up" else -1
    np.testing.assert_allclose(slow["w"], sign, atol=1e-3)
    np.testing.assert_allclose(slow["v"], 0, atol=1e-12)
    np.testing.assert_allclose(np.diff(slow["crossing_time"]), 1, atol=1e-4)
    assert result["w"].attrs["units"] == "mV"
    aside = poincare_section(waves(), plane="v", level=0.6, direction=direction)
    slow = aside.sel(cell="slow").dropna("crossing")
    np.testing.assert_allclose(slow["w"], 0.8 * sign, atol=1e-3)
    np.testing.assert_allclose(slow["v"], 0.6)
    assert slow.sizes["crossing"] == 10


def test_one_place_decides_for_the_whole_state():
    result = poincare_section(waves(), plane="v", level=0.0, at={"cell": "slow"})
    assert result["v"].dims == ("crossing", "cell")
    assert result["crossing_time"].dims == ("crossing",)
    np.testing.assert_allclose(result["v"].sel(cell="slow"), 0, atol=1e-12)
    np.testing.assert_allclose(result["v"].sel(cell="fast"), np.sin(0.5), atol=1e-3)


def test_what_has_no_dimension_of_the_sections_is_read_for_each():
    made = waves()
    made["clock"] = made["time"].copy(data=made["time"].values)
    result = poincare_section(made, plane="v", level=0.0, variables=["clock"])
    xr.testing.assert_allclose(
        result["clock"].drop_attrs(), result["crossing_time"].drop_attrs().rename("clock")
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda d: poincare_section(d, plane="u", level=0), "no variable 'u'"),
        (lambda d: poincare_section(d, plane="v", level=np.nan), "finite number"),
        (
            lambda d: poincare_section(d, plane="v", level=0, direction="upp"),
            "did you mean 'up'",
        ),
        (lambda d: poincare_section(d, plane="v", level=0, at={"cel": 0}), "'cell'"),
        (lambda d: poincare_section(d, plane="v", level=0, at={"cell": "no"}), "no place"),
        (lambda d: spike_times(d, threshold=np.inf), "finite number"),
        (lambda d: spike_times(d, threshold=0, refractory=-1), "0 or more"),
        (lambda d: spike_rate(d, threshold=0, width=11), "at most 10"),
        (lambda d: spike_rate(d.isel(time=[0]), threshold=0), "one time only"),
        (lambda d: return_map(d, points="peaks"), "known: maxima"),
        (lambda d: return_map(d, dim="cell"), "choose 'values'"),
        (lambda d: return_map(d.isel(time=[0, 1])), "2 values along 'time' only"),
    ],
)
def test_what_cannot_be_done_is_refused(call, said):
    with pytest.raises(ConfigError, match=said):
        call(waves())


def test_the_logistic_map_returns_its_parabola():
    values = [0.3]
    for _ in range(200):
        values.append(3.9 * values[-1] * (1 - values[-1]))
    result = return_map(dataset(x=np.array(values)), points="values")
    np.testing.assert_allclose(result["x_next"], 3.9 * result["x"] * (1 - result["x"]), rtol=1e-14)
    assert result.sizes["iterate"] == 200


def test_the_henon_map_is_found_in_points_of_a_section():
    points = np.zeros((100, 2))
    for n in range(99):
        x, y = points[n]
        points[n + 1] = 1 - 1.4 * x**2 + y, 0.3 * x
    section = xr.Dataset({"x": ("crossing", points[:, 0]), "y": ("crossing", points[:, 1])})
    result = return_map(section, points="values", dim="crossing")
    np.testing.assert_allclose(result["x_next"], 1 - 1.4 * result["x"] ** 2 + result["y"])
    np.testing.assert_allclose(result["y_next"], 0.3 * result["x"])


def test_extrema_are_those_of_parabolas():
    times = np.arange(4001) * 0.05
    wave = (1 + 0.002 * times) * np.cos(times)
    result = return_map(dataset(step=0.05, x=wave))
    peaks = 2 * np.pi * np.arange(1, 1 + result.sizes["iterate"])
    # The slope of the envelope shifts a peak by 0.002, and so its height by 2e-6.
    np.testing.assert_allclose(result["x"], 1 + 0.002 * peaks, atol=1e-5)
    np.testing.assert_allclose(result["x_next"] - result["x"], 0.004 * np.pi, atol=1e-6)
    troughs = return_map(dataset(step=0.05, x=-wave), points="minima")
    np.testing.assert_array_equal(troughs["x"][: len(peaks)], -result["x"])


def test_a_gap_is_no_extremum():
    made = with_gap(
        dataset(v=(("member", "time", "site"), np.sin(np.arange(400.0))[None, :, None]))
    )
    assert return_map(made)["v"].notnull().all()
