"""A reader beside a run sees complete windows, and nothing else."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import xarray as xr

import parasim

SCRIPT = """
import sys
import jax
jax.config.update("jax_enable_x64", True)
from parasim import Encoding, ParallelNewton, simulate
from parasim.io import RegionWriter, _writer
from parasim.simulation.running import _compile

_compile._CALL_STEPS = 1
_writer._LEAST_SHARE = 0
RegionWriter.__init__.__kwdefaults__["commit_seconds"] = 0.0
simulate("lorenz63", t1=60.0, dt=0.01, store=sys.argv[1], encoding=Encoding(chunk_rows=300),
         solver=ParallelNewton(steps=100, mode="sequential"), every=3)
"""


def snapshot(store: Path) -> tuple[xr.Dataset, xr.Dataset]:
    """Open a store by parasim, then by xarray alone, both without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = parasim.open(store).load()
        return ours, xr.open_zarr(store).load()


def test_a_reader_beside_a_run_sees_complete_windows_only(tmp_path):
    store = tmp_path / "s.zarr"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    run = subprocess.Popen([sys.executable, "-c", SCRIPT, str(store)], env=environment)
    seen: list[tuple[xr.Dataset, xr.Dataset]] = []
    while run.poll() is None:
        if (store / "x" / "c" / "0").exists():
            seen.append(snapshot(store))
    assert run.returncode == 0
    whole = parasim.open(store).load()
    lengths = [ours.sizes["window"] for ours, _ in seen]
    assert len(set(lengths)) > 3, "too few different snapshots to mean anything"
    assert lengths == sorted(lengths)
    for ours, plain in seen:
        windows, rows = ours.sizes["window"], ours.sizes["time"]
        assert rows in (0, (windows * 100) // 3 + 1)  # no step more, none less
        for name in ("x", "y", "z", "cost"):
            count = windows if name == "cost" else rows
            known = whole[name].values[:count]
            np.testing.assert_array_equal(ours[name].values, known)
            np.testing.assert_array_equal(plain[name].values[:count], known)
            behind = plain[name].values[count:]
            written = np.isfinite(behind).sum()  # what is about to be committed, then NaN
            assert np.isnan(behind[written:]).all()
    assert whole.attrs["status"] == "complete"
