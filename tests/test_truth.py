"""The numbers that systems are known by, through what is there for users.

What is known, and how it is measured, is with each system (`System.truth`); the reference values
were recomputed independently of parasim.
"""

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from parasim import ParallelNewton, lyapunov
from parasim.plugins import get_system, system_names
from parasim.simulation import verify_system
from parasim.simulation.insight._measurements import Measurements
from parasim.simulation.insight._verification import compared
from tests.truth_systems import roessler

pytestmark = pytest.mark.slow

KNOWN = [name for name in system_names() if get_system(name).truth]
IN_PARALLEL = {  # and which part of the run is long enough
    "henon": 1.0,
    "lorenz63": 0.2,
    "lorenz84": 0.4,
    "lozi": 1.0,
    "skew-tent": 1.0,
    "stuart-landau": 1.0,
    "vallis": 0.2,
}
BLOCKS = 20


@pytest.mark.parametrize("name", KNOWN)
def test_a_system_has_the_numbers_that_it_is_known_by(name):
    wrong = [comparison for comparison in verify_system(name) if not comparison.agrees]
    assert not wrong, [(one.truth, one.found, one.reason) for one in wrong]


@pytest.mark.parametrize("name", IN_PARALLEL)
def test_exponents_are_the_same_from_windows_in_parallel(name):
    """Windows may go parallel on this machine or not: here they must."""
    measurements = Measurements(name, mode="parallel", part=IN_PARALLEL[name])
    for truth in get_system(name).truth:
        if truth.quantity == "lyapunov_exponents":
            comparison = compared(truth, measurements.of(truth))
            assert comparison.agrees, comparison
            assert measurements.exponents(truth).parallel > 0.9


def test_a_vector_field_of_the_user_has_its_exponents():
    """Roessler's system is not built in. Sprott has the same numbers."""
    for mode, t1 in (("sequential", 40000), ("parallel", 8000)):
        solver = ParallelNewton(steps=128, mode=mode)
        result = lyapunov(roessler, solver, 0, t1, 0.05, np.array([1.0, 1, 0]), exponents=None)
        assert result.parallel == (mode == "parallel")
        errors = 3 * np.hypot(result.standard_error, 0.0005)
        assert np.all(np.abs(np.asarray(result.values) - [0.0714, 0, -5.3943]) <= errors)
        assert abs(result.dimension - 2.0132) <= 3 * np.hypot(result.dimension_error, 0.002)


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
    store = tmp_path / "chaos.zarr"
    options = ("--mode", "parallel", "--every", "1000", "--out", str(store), "--quiet")
    command = [sys.executable, "-m", "parasim", "run", system, *map(str, arguments), *options]
    subprocess.run(command, check=True)
    with xr.open_zarr(store) as d:
        assert d.status == "complete"
        growth = d.growth_rate[d.window_time.to_numpy() > transient].to_numpy()
        assert (d["mode"] == 1).all()
        assert not d.fell_back.any()
    assert np.isfinite(growth).all()
    blocks = [block.mean() for block in np.array_split(growth, BLOCKS)]
    own_error = np.std(blocks, ddof=1) / np.sqrt(BLOCKS)
    assert own_error < 0.015 * exponent  # else the comparison would say little
    assert abs(growth.mean() - exponent) < 3 * np.hypot(error, own_error)


def test_the_command_line_gives_the_spikes_of_an_event_exact_run(tmp_path):
    store = tmp_path / "neuron.zarr"
    command = [sys.executable, "-m", "parasim", "run", "izhikevich", "--t1", "1000"]
    subprocess.run([*command, "--out", str(store), "--quiet"], check=True)
    with xr.open_zarr(store) as d:
        assert d.spikes[-1] == 23
        moments = np.unique(d.spike_time.to_numpy()[d.spikes.to_numpy() > 0])
        request = json.loads(d.attrs["request"])
    assert moments[0] == pytest.approx(3.1271, abs=5e-5)
    assert moments[-1] - moments[-2] == pytest.approx(44.812, abs=5e-4)
    assert request["system"] == "izhikevich"
