"""A disk that fills up, and a folder that may not be written: a message, and nothing lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from parasim import StoreError, simulate

SCRIPT = """
import sys, time, warnings
from pathlib import Path
import jax
jax.config.update("jax_enable_x64", True)
warnings.simplefilter("error")
import xarray as xr
import parasim
from parasim import Encoding, ParallelNewton, StoreError, simulate
from parasim.io import RegionWriter

RegionWriter.__init__.__kwdefaults__["commit_seconds"] = 0.0
parasim.io._writer._LEAST_SHARE = 0
disk = Path(sys.argv[1])
ballast, store = disk / "ballast", disk / "s.zarr"
run = {"t1": 100.0, "dt": 0.01, "solver": ParallelNewton(steps=100, mode="sequential"),
       "encoding": Encoding(chunk_rows=256)}
parasim.simulation.running._compile._CALL_STEPS = 1

def fill(progress):
    if progress.windows == 30:
        while parasim.open(store).sizes["window"] < 10:  # until the writer has come so far
            time.sleep(0.01)
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

try:
    simulate("lorenz63", **run, store=store, progress=fill)
except StoreError as error:
    assert "No space left" in str(error) and "parasim resume" in str(error), error
else:
    raise AssertionError("the disk was not full")
left = parasim.open(store)
assert left.attrs["status"] in ("interrupted", "running"), left.attrs["status"]
assert 0 < left.sizes["window"] < 100, left.sizes
xr.open_zarr(store).load()
ballast.unlink()
resumed = simulate("lorenz63", **run, store=store, resume=True)
whole = simulate("lorenz63", **run)
assert all(resumed[v].values.tobytes() == whole[v].values.tobytes() for v in whole.variables)
print("the same")
"""


def in_a_small_disk(folder: Path, size: str, command: list[str]) -> "subprocess.CompletedProcess":
    """Run a command that sees a file system of its own in a folder; skip where that cannot be."""
    mount = f'mount -t tmpfs -o size={size} tmpfs "{folder}" || exit 77; exec "$@"'
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", *command],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode == 77 or "unshare failed" in result.stderr:
        pytest.skip("no file system can be mounted here")
    return result


def test_a_disk_that_fills_up_loses_nothing_and_the_run_goes_on_when_there_is_room(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    result = in_a_small_disk(tmp_path, "1m", command)
    assert result.stdout == "the same\n", result.stderr


@pytest.mark.slow
def test_a_store_for_which_there_is_no_room_is_refused_at_once(tmp_path):
    with pytest.raises(StoreError, match="are free there: save fewer states"):
        simulate("lorenz96", t1=1e9, dt=0.01, store=tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="no permission to write"):
        simulate("lorenz63", t1=1.0, dt=0.01, store=tmp_path / "s")


def test_permission_that_is_taken_away_during_a_run_is_an_error_of_the_store(tmp_path, monkeypatch):
    import zarr.storage._local as local

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    def take_away(progress):
        monkeypatch.setattr(local, "_put", denied)

    with pytest.raises(StoreError, match=r"Permission denied.*parasim resume"):
        simulate("lorenz63", t1=1.0, dt=0.01, store=tmp_path / "s", progress=take_away)
