"""The run files and the demo of the folder examples."""

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from matplotlib import image

from parasim.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = ("energy_balance", "lorenz96")


def open_strictly(store: Path) -> xr.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return xr.open_zarr(store)


def check_store(data: xr.Dataset) -> None:
    assert data.status == "complete"
    assert data.sizes["time"] > 1
    for name, variable in data.items():
        if "time" in variable.dims:
            assert np.isfinite(variable).all(), name


def test_every_run_file_is_known_here():
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_dry_run_writes_nothing(tmp_path, name):
    copy = shutil.copytree(EXAMPLES, tmp_path / "examples")
    before = set(tmp_path.rglob("*"))
    result = CliRunner().invoke(main, ["run", str(copy / f"{name}.toml"), "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "Nothing was computed or written" in result.output
    assert set(tmp_path.rglob("*")) == before


def test_energy_balance_is_driven_by_the_record(tmp_path):
    store = tmp_path / "energy_balance.zarr"
    command = ["run", str(EXAMPLES / "energy_balance.toml"), "--out", str(store)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "5 missing and interpolated" in result.output
    with open_strictly(store) as data:
        check_store(data)
        assert float(data.time[0]) == 1958.25
        assert float(data.time[-1]) == 2001.75
        # It warms by what two layers do under 1.1 W/m2 more; the record's growth drives all of it.
        warming = float(data.surface_temperature[-1] - data.surface_temperature[0])
        assert 0.3 < warming < 0.6


@pytest.mark.slow
def test_the_classifier_learns_the_same_with_either_scan():
    options = ["--steps", "100", "--epochs", "4", "--members", "2"]
    command = [sys.executable, str(EXAMPLES / "gru_classifier.py"), *options]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "largest difference" in finished.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gru_classifier", "fit_neuron"])
def test_training_in_full_reaches_what_the_examples_assert(name):
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.mark.slow
def test_the_demo_leaves_stores_and_pictures(tmp_path):
    command = [sys.executable, str(EXAMPLES / "demo.py"), str(tmp_path / "out")]
    finished = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "wrote" in finished.stdout
    for name in NAMES:
        with open_strictly(tmp_path / "out" / f"{name}.zarr") as data:
            check_store(data)
        colours = np.unique(image.imread(tmp_path / "out" / f"{name}.png").reshape(-1, 4), axis=0)
        assert len(colours) > 100
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


@pytest.mark.slow
def test_a_sweep_on_a_cluster_of_processes_goes_on_when_started_again(tmp_path):
    command = [sys.executable, str(EXAMPLES / "sweep_on_a_cluster.py"), str(tmp_path / "s.zarr")]
    for _ in range(2):
        subprocess.run([*command, "--t1", "20"], check=True, timeout=600)
    with open_strictly(tmp_path / "s.zarr") as data:
        check_store(data)
