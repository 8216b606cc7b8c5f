"""Autocorrelation against its definition and a process whose own is known."""

import numpy as np
import pytest
from scipy import signal

from parasim import ConfigError
from parasim.analyses import _blocks, autocorrelation
from tests.analyses.series import dataset, ensemble


@pytest.mark.parametrize("values", [400, 10**6])
def test_it_is_the_sum_of_its_definition(values, monkeypatch):
    monkeypatch.setattr(_blocks, "_VALUES", values)
    rng = np.random.default_rng(0)
    for series in (rng.standard_normal(300), 1e6 + np.cumsum(rng.standard_normal(300))):
        off = series - series.mean()
        sums = [off[: 300 - k] @ off[k:] for k in range(251)]
        result = autocorrelation(dataset(x=series), lags=250)["x"]
        np.testing.assert_allclose(result, np.array(sums) / sums[0], atol=1e-11)


def test_a_first_order_autoregression_decays_geometrically():
    rows, memory = 200_000, 0.8
    noise = np.random.default_rng(2).standard_normal(rows)
    series = signal.lfilter([1], [1, -memory], noise)
    result = autocorrelation(dataset(x=series), lags=20)["x"].values
    lags = np.arange(21)
    # Bartlett's formula for such a process.
    variance = (1 + memory**2) * (1 - memory ** (2 * lags)) / (1 - memory**2)
    variance = (variance - 2 * lags * memory ** (2 * lags)) / rows
    assert result[0] == pytest.approx(1, abs=1e-12)
    assert np.all(np.abs(result - memory**lags)[1:] < 4 * np.sqrt(variance[1:]))


def test_lags_are_in_the_unit_of_time_and_the_result_has_none():
    result = autocorrelation(ensemble(), lags=3)
    np.testing.assert_allclose(result["lag"], [0, 0.1, 0.2, 0.3])
    assert result["lag"].attrs["units"] == "ms"
    assert result["v"].attrs["units"] == "1"
    assert result["v"].dims == ("member", "lag", "site")
    assert autocorrelation(ensemble()).sizes["lag"] == 21


def test_a_constant_has_no_correlation_and_too_long_lags_are_refused():
    assert autocorrelation(dataset(x=np.full(100, 0.1)))["x"].isnull().all()
    with pytest.raises(ConfigError, match="lags = 200 is more than the 199 values"):
        autocorrelation(ensemble(), lags=200)
