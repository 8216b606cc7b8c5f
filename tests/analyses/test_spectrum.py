"""Power spectra against scipy, Parseval and known lines."""

import numpy as np
import pytest
from scipy import signal

from parasim import ConfigError
from parasim.analyses import _blocks, power_spectrum
from tests.analyses.series import dataset, ensemble


@pytest.mark.parametrize(
    ("options", "scipys"),
    [
        ({}, {"nperseg": 200}),
        ({"segment": 64}, {"nperseg": 64}),
        ({"segment": 63, "overlap": 0}, {"nperseg": 63, "noverlap": 0}),
        ({"segment": 32, "overlap": 31}, {"nperseg": 32, "noverlap": 31}),
        (
            {"segment": 50, "detrend": "linear", "window": "boxcar", "scaling": "spectrum"},
            {"nperseg": 50, "detrend": "linear", "window": "boxcar", "scaling": "spectrum"},
        ),
        ({"segment": 50, "detrend": "none"}, {"nperseg": 50, "detrend": False}),
    ],
)
def test_it_is_scipys(options, scipys, monkeypatch):
    monkeypatch.setattr(_blocks, "_VALUES", 400)
    made = ensemble()
    frequency, power = signal.welch(made["v"].values, fs=10.0, axis=1, **scipys)
    result = power_spectrum(made, **options)
    np.testing.assert_allclose(result["frequency"], frequency, rtol=1e-14)
    np.testing.assert_allclose(result["v"], power, rtol=1e-12, atol=1e-30)


def test_parseval_the_integral_is_the_variance():
    noise = np.random.default_rng(1).standard_normal(1024)
    result = power_spectrum(dataset(x=noise), segment=1024, window="boxcar")
    assert np.isclose(float(result["x"].sum() * result["frequency"][1]), noise.var(), rtol=1e-12)


def test_a_sine_is_a_line_at_its_frequency_and_its_mean_square():
    times = np.arange(2000) * 0.01
    wave = 3 * np.sin(2 * np.pi * 5 * times)
    made = dataset(step=0.01, unit="s", x=wave)
    result = power_spectrum(made, segment=400, scaling="spectrum", window="flattop")
    peak = result["x"].argmax("frequency")
    assert np.isclose(float(result["frequency"][peak]), 5)
    assert np.isclose(float(result["x"][peak]), 4.5, rtol=1e-3)
    assert result["x"].attrs["units"] == "mV2"


def test_units_names_and_the_place_of_the_axis():
    result = power_spectrum(ensemble(), segment=64)
    assert result["v"].dims == ("member", "frequency", "site")
    assert result["v"].attrs["units"] == "mV2 ms"
    assert result["v"].attrs["long_name"] == "power spectral density of potential"
    assert result["frequency"].attrs["units"] == "1/ms"
    bare = dataset(unit="1", x=np.arange(9.0))
    bare["x"].attrs["units"] = "m s-1"
    assert power_spectrum(bare)["x"].attrs["units"] == "(m s-1)2"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"segment": 300}, "segment = 300 is more than the 200 values"),
        ({"segment": 0}, "segment must be a whole number of at least 1"),
        ({"segment": 10.5}, "segment must be a whole number"),
        ({"segment": 10, "overlap": 10}, "overlap must be from 0 to 9"),
        ({"window": "hat"}, "'hat' is none of scipy's"),
        ({"detrend": "linea"}, "did you mean 'linear'"),
        ({"scaling": "power"}, "known: density, spectrum"),
    ],
)
def test_bad_options_are_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        power_spectrum(ensemble(), **options)


def test_dates_count_in_seconds():
    made = dataset(x=np.random.default_rng(0).standard_normal(64))
    dated = made.assign_coords(
        time=np.datetime64("2000-01-01", "ns") + np.arange(64) * 3600 * 10**9
    )
    result = power_spectrum(dated)
    assert np.isclose(float(result["frequency"][-1]), 0.5 / 3600)
    assert result["frequency"].attrs["units"] == "1/s"
