"""What the commands do and say when all is well."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

import parasim as package
from parasim.cli._progress import progress_details
from parasim.io._commits import Commits
from parasim.io._lock import Lock
from parasim.io._objects import open_objects
from parasim.simulation import Progress

LORENZ = "run lorenz63 --out s.zarr --t1 1 --dt 0.01 --mode sequential "


def test_run_writes_what_simulate_computes(parasim):
    result = parasim(LORENZ + "--set rho=20 --y0 x=2 --every 5 --steps 16 --solver heun")
    assert result.exit_code == 0, result.output
    import diffrax

    expected = package.simulate(
        "lorenz63", params={"rho": 20}, y0={"x": 2}, t1=1.0, dt=0.01, every=5,
        solver=package.ParallelNewton(diffrax.Heun(), steps=16, mode="sequential"),
    )  # fmt: skip
    assert xr.open_zarr("s.zarr").equals(expected)


def test_the_summary_says_what_was_done_and_how_to_open_it(parasim):
    result = parasim(LORENZ + "--steps 16 --mode parallel --solver euler")
    assert "100 to t = 1" in result.output
    assert "0 sequential, 7 parallel" in result.output
    assert "to compile" in result.output
    assert 'parasim.open("s.zarr")' in result.output
    assert "growth" in result.output


def test_quiet_says_nothing(parasim):
    assert parasim(LORENZ + "--quiet").output == ""


def test_no_progress_bar_where_there_is_no_terminal(parasim):
    result = parasim(LORENZ)
    assert result.stderr == ""


def test_a_run_file_and_flags_over_it(parasim, tmp_path):
    (tmp_path / "input.csv").write_text("time,current\n0,0\n1,\n2,3\n")
    (tmp_path / "run.toml").write_text(
        'system = "fitzhugh-nagumo"\nt1 = 2\ndt = 0.1\nout = "file.zarr"\n'
        '[input.I]\nfile = "input.csv"\nvariable = "current"\n'
    )
    result = parasim("run run.toml --out flag.zarr --every 2 --interpolation cubic")
    assert result.exit_code == 0, result.output
    assert "3 values, 1 missing and interpolated" in result.output
    assert "cubic" in result.output
    assert xr.open_zarr("flag.zarr").sizes["time"] == 11
    assert not Path("file.zarr").exists()


def test_float32_and_float64(parasim):
    assert parasim(LORENZ + "--dtype float32").exit_code == 0
    assert xr.open_zarr("s.zarr")["x"].dtype == np.float32
    assert parasim(LORENZ + "--overwrite").exit_code == 0
    assert xr.open_zarr("s.zarr")["x"].dtype == np.float64


def test_dry_run_says_what_would_be_done_and_writes_nothing(parasim, tmp_path):
    result = parasim(
        "run lorenz96 --set sites=12 --t1 10 --dt 1/20 --every 10 --steps 64 --out s.zarr --dry-run"
    )
    assert result.exit_code == 0
    for part in ("sites = 12", "200 of 0.05", "4 of 64 steps, the last one of 8", "21 states",
                 "x (time: 21, site: 12) float64", "for the windows", "kB",
                 "Nothing was computed"):  # fmt: skip
        assert part in result.output
    assert not any(tmp_path.iterdir())


def test_systems_lists_names_and_shows_parameters_with_default_unit_and_range(parasim):
    result = parasim("systems")
    assert all(name in result.output for name in package.system_names())
    alone = parasim("systems hodgkin-huxley").output
    assert "g_Na  120 mS cm-2  [0, 10000]" in alone
    assert "lorenz" not in alone


@pytest.mark.slow
def test_info_says_what_a_store_holds_and_what_made_it(parasim):
    parasim(LORENZ + "--steps 16 --mode parallel --set rho=20 --solver heun")
    result = parasim("info s.zarr")
    assert result.exit_code == 0, result.output
    for part in ("complete", "rho = 20", "0 to 1, 101 values", "x (time: 101)", "7 parallel",
                 "7: parallel was asked for", "Newton iterations", "measured in 7 windows",
                 "AlwaysParallel (iterations = 5)", "iteration = 8", "sequential steps",
                 "Heun", f"parasim {package.__version__}", "Lorenz (1963)"):  # fmt: skip
        assert part in result.output


def test_info_reads_a_store_whose_run_goes_on(parasim):
    parasim(LORENZ + "--steps 16")
    store = open_objects(Path("s.zarr"))
    group = zarr.open_group(store, mode="r+")
    commits = Commits(group["parasim_run"], "s.zarr")
    commits.write(0, dataclasses.replace(commits.read(0), rows=49, windows=3, state="running"))
    group.attrs["status"] = "running"
    with Lock(store, "s.zarr"):
        result = parasim("info s.zarr")
    assert "running" in result.output
    assert "0 to 0.48" in result.output
    assert "3 sequential" in result.output
    assert "interrupted" in parasim("info s.zarr").output  # nobody writes to it any more


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_the_exit_codes_and_defaults(parasim, option):
    assert "Exit codes: 0 done" in " ".join(parasim(option).output.split())
    shown = " ".join(parasim(f"run {option}").output.split())
    assert "[default: tsit5]" in shown
    assert "Exit codes: 0 done" in shown


def test_version(parasim):
    assert parasim("--version").output == f"parasim {package.__version__}\n"


@pytest.mark.parametrize(
    "statement",
    [
        "from parasim.cli import main; main(['--help'], standalone_mode=False)",
        "from parasim.cli import main; main(['run', '--help'], standalone_mode=False)",
        "from parasim.cli import main; main(['--version'], standalone_mode=False)",
    ],
)
def test_help_and_version_import_no_jax(statement):
    code = f"import sys\n{statement}\nassert not {{'jax', 'zarr', 'xarray'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_importing_parasim_imports_no_zarr_dask_or_click():
    code = "import sys, parasim\nassert not {'jax', 'zarr', 'dask', 'click'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    code = (
        "import sys\nfrom parasim import ParallelNewton\n"
        "assert not {'xarray', 'zarr', 'dask', 'click'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_python_m_parasim_is_the_command():
    command = [sys.executable, "-m", "parasim", "--version"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert shown == f"parasim {package.__version__}\n"


def test_the_progress_line_says_time_speed_time_left_mode_and_growth():
    progress = Progress(t=25.0, steps=2_500_000, total_steps=10_000_000, windows=10,
                        new_steps=2_500_000,
                        mode="sequential", growth_rate=0.9, run_seconds=1.0)  # fmt: skip
    line = progress_details(progress, "ms")
    assert line == "t = 25 ms  2.5M steps/s  3.0 s left  sequential  growth 0.9"
