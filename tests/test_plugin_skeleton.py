"""The example plugin: built, installed in an environment of its own, and used there."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

SKELETON = Path(__file__).parents[1] / "examples" / "plugin_skeleton"


def _parts(library):
    """Return the other folders of the standard library, which pip's isolation takes away."""
    return library / "lib-dynload", library.parent / f"{library.name.replace('.', '')}.zip"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Make an environment that has everything that this one has, and the plugin.

    It is built in isolation, as pip does it, so hatchling comes from the package index.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    library = Path(sysconfig.get_path("stdlib"))
    here = [path for path in sys.path if path and Path(path) not in (library, *_parts(library))]
    Path(site, "everything_else.pth").write_text("\n".join(here) + "\n")
    copy = shutil.copytree(SKELETON, folder / "plugin")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(copy)], check=True)
    shutil.rmtree(copy / "parasim_skeleton")  # what is used must be what was installed
    return python, copy


@pytest.fixture
def parasim(environment, tmp_path):
    def run(*arguments):
        command = [environment[0], "-m", "parasim", *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=tmp_path
        ).stdout

    return run


@pytest.mark.slow
def test_its_own_tests_pass(environment):
    python, folder = environment
    command = [python, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "tests"]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout


@pytest.mark.slow
def test_every_part_of_it_is_found_and_used(parasim, tmp_path):
    listed = parasim("plugins", "list")
    for name in ("rossler", "ssprk3", "time-above", "npz", "runs"):
        assert any(
            name in line and "available  parasim-skeleton 0.1.0" in line
            for line in listed.splitlines()
        )
    assert "parasim-skeleton" in parasim("--help")
    assert "a spiral that folds back" in parasim("systems")
    parasim("plugins", "doctor")

    short = ["rossler", "--t1", "2", "--dt", "0.01", "--solver", "ssprk3"]
    parasim("run", *short, "--out", "r.zarr")
    assert "parasim_skeleton.system of parasim-skeleton 0.1.0" in parasim("info", "r.zarr")
    assert parasim("runs").startswith("r.zarr: rossler")
    parasim("analyze", "r.zarr", "--stat", "time-above", "--set", "threshold=0", "--out", "a.zarr")

    said = parasim("run", *short, "--out", "rows", "--sink", "npz")
    assert 'parasim.open("rows", sink="npz")' in said
    assert list((tmp_path / "rows").glob("rows-*.npz"))
