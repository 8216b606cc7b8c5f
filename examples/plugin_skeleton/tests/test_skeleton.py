"""The conformance suites of parasim, for each part of this plugin."""

import numpy as np
import xarray as xr
from click.testing import CliRunner
from parasim_skeleton.analysis import time_above
from parasim_skeleton.command import runs

import parasim
from parasim.testing import (
    AnalysisTests,
    ExponentTests,
    IntegratorTests,
    SinkTests,
    SystemTests,
)


class TestRossler(SystemTests):
    name = "rossler"


class TestRosslerExponents(ExponentTests):
    name = "rossler"
    dt, t1, transient = 0.02, 4000.0, 200.0


class TestSSPRK3(IntegratorTests):
    name = "ssprk3"
    order = 3


class TestTimeAbove(AnalysisTests):
    name = "time-above"
    options = {"threshold": 0.5}


class TestNpz(SinkTests):
    name = "npz"


def test_half_of_the_times_are_above_the_middle():
    dataset = xr.Dataset({"x": ("time", np.arange(10.0))})
    assert float(time_above(dataset, threshold=4.5)["x"]) == 0.5


def test_the_stores_in_a_folder_are_listed(tmp_path):
    parasim.simulate("rossler", t1=1.0, dt=0.01, store=tmp_path / "r.zarr")
    listed = CliRunner().invoke(runs, [str(tmp_path)])
    assert listed.output.startswith("r.zarr: rossler: a spiral")
    assert "(complete)" in listed.output
