"""Published and recomputed numbers, through the command line and the store it writes.

The reference values were recomputed independently of parasim: the neurons with scipy, the exponents
in float64 with Runge-Kutta 4 and QR, with their standard errors over blocks. For Lorenz-63 Sprott's
page on the Lyapunov exponents of the Lorenz attractor has 0.906 too.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

pytestmark = pytest.mark.slow

FIRING_RATES = {6.3: 52.37, 10.0: 68.32, 20.0: 86.47}  # Hz by uA/cm2, at 6.3 degrees C
FITZHUGH_NAGUMO_PERIOD = 39.474415  # at I = 0.5, a = 0.7, b = 0.8, epsilon = 0.08
BLOCKS = 20


def run(store: Path, *arguments: object) -> xr.Dataset:
    command = [sys.executable, "-m", "parasim", "run", *map(str, arguments), "--out", str(store)]
    subprocess.run([*command, "--quiet"], check=True)
    data = xr.open_zarr(store)
    assert data.status == "complete"
    assert data.time.dtype == np.float64
    return data


def upward_crossings(times: xr.DataArray, values: xr.DataArray) -> np.ndarray:
    """Return when the values pass zero upwards, interpolated between the two times around it."""
    t, v = times.to_numpy(), values.to_numpy()
    (i,) = np.nonzero((v[:-1] < 0) & (v[1:] >= 0))
    return t[i] - v[i] * (t[i + 1] - t[i]) / (v[i + 1] - v[i])


def mean_period(times: xr.DataArray, values: xr.DataArray, transient: float) -> float:
    crossings = upward_crossings(times, values)
    crossings = crossings[crossings > transient]
    assert len(crossings) > 10
    return (crossings[-1] - crossings[0]) / (len(crossings) - 1)


@pytest.mark.parametrize("current", FIRING_RATES)
def test_hodgkin_huxley_fires_at_its_rate(tmp_path, current):
    arguments = ("--set", f"I={current}", "--t1", 1500, "--dt", 0.01)
    with run(tmp_path / "neuron.zarr", "hodgkin-huxley", *arguments) as data:
        assert data.time.units == "ms"
        rate = 1000 / mean_period(data.time, data.V, transient=500)
    assert rate == pytest.approx(FIRING_RATES[current], rel=1e-3)


def test_fitzhugh_nagumo_has_its_period(tmp_path):
    arguments = ("--set", "I=0.5", "--t1", 2000, "--dt", 0.01)
    with run(tmp_path / "neuron.zarr", "fitzhugh-nagumo", *arguments) as data:
        period = mean_period(data.time, data.v, transient=400)
    assert period == pytest.approx(FITZHUGH_NAGUMO_PERIOD, rel=1e-6)


@pytest.mark.parametrize(
    ("system", "arguments", "transient", "exponent", "error"),
    [
        ("lorenz63", ("--t1", 40000, "--dt", 0.01, "--steps", 200), 100, 0.9056, 0.0005),
        ("lorenz96", ("--t1", 2000, "--dt", 0.05, "--steps", 40), 50, 1.67, 0.008),
    ],
)
def test_growth_rate_averages_to_the_largest_exponent(
    tmp_path, system, arguments, transient, exponent, error
):
    with run(
        tmp_path / "chaos.zarr", system, *arguments, "--mode", "parallel", "--every", 1000
    ) as d:
        growth = d.growth_rate[d.window_time.to_numpy() > transient].to_numpy()
        assert (d["mode"] == 1).all()
        assert not d.fell_back.any()
    assert np.isfinite(growth).all()
    blocks = [block.mean() for block in np.array_split(growth, BLOCKS)]
    own_error = np.std(blocks, ddof=1) / np.sqrt(BLOCKS)
    assert own_error < 0.015 * exponent  # else the comparison would say little
    assert abs(growth.mean() - exponent) < 3 * np.hypot(error, own_error)
