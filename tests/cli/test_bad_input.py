"""Whatever is wrong: the exit code, a message with the remedy, nothing written, no traceback."""

import sys
from pathlib import Path

import pytest
import xarray as xr

from parasim.io import open_run

FILES = {
    "input.csv": "time,current\n0,0\n1,1\n2,3\n",
    "unsorted.csv": "time,current\n0,0\n2,1\n1,3\n",
    "run.toml": 'system = "lorenz63"\nt1 = 1\ndt = 0.1\nout = "s.zarr"\n',
    "unknown_key.toml": 'system = "lorenz63"\nt1 = 1\ndt = 0.1\nout = "s.zarr"\nevry = 2\n',
    "huge.toml": f'system = "lorenz63"\nt1 = {"1" * 400}\ndt = 0.1\nout = "s.zarr"\n',
    "nul.toml": 'system = "lorenz63"\nt1 = 1\ndt = 0.1\nout = "a\\u0000.zarr"\n',
    "syntax.toml": 'system = "lorenz63"\nt1 = 1 2\n',
}
LORENZ = "run lorenz63 --out s.zarr --t1 1 --dt 0.1 "
DRIVEN = "run fitzhugh-nagumo --out s.zarr --dt 0.1 --t1 2 --input "


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ("run lorenz36 --out s.zarr --t1 1 --dt 0.1", "did you mean 'lorenz"),
        (LORENZ + "--set rhoo=28", "did you mean 'rho'"),
        (LORENZ + "--set rho=-1", "outside its range [0, 1000]"),
        (LORENZ + "--set rho=nan", "rho must be a finite number"),
        (LORENZ + "--set rho=high", "rho must be a number"),
        (LORENZ + "--set rho", "must look like NAME=VALUE"),
        ("run lorenz96 --out s.zarr --t1 1 --dt 0.1 --set sites=4.5", "must be a whole number"),
        ("run lorenz96 --out s.zarr --t1 1 --dt 0.1 --set site=5", "did you mean 'sites'"),
        (LORENZ + "--y0 X=1", "no state variable 'X': known: x, y, z"),
        (LORENZ + "--y0 x=1,2", "must be a number or shape ()"),
        (LORENZ + "--dt -0.1", "dt must be positive"),
        (LORENZ + "--dt 0", "dt must be positive"),
        (LORENZ + "--dt nan", "dt must be a finite number"),
        (LORENZ + "--dt inf", "dt must be a finite number"),
        (LORENZ + "--dt small", "dt must be a number or a fraction such as 1/12"),
        (LORENZ + "--t1 -1", "t1 = -1 must be at least t0 + dt = 0.1"),
        (LORENZ + "--t1 0", "t1 = 0 must be at least t0 + dt = 0.1"),
        (LORENZ + "--t1 nan", "t1 must be a finite number"),
        (LORENZ + "--t1 inf", "t1 must be a finite number"),
        (LORENZ + "--t1 0.05", "t1 = 0.05 must be at least t0 + dt = 0.1"),
        (LORENZ + "--t1 1.23", "choose t1 = 1.2 or 1.3"),
        (LORENZ + "--every 0", "at least 1"),
        (LORENZ + "--every 20", "choose every = 10 or less"),
        (LORENZ + "--every two", "not a valid integer"),
        (LORENZ + "--steps 0", "steps must be a positive"),
        (LORENZ + "--seed -1", "seed must be a whole number of at least 0"),
        (LORENZ + "--mode paralel", "did you mean 'parallel'"),
        (LORENZ + "--solver tsit", "did you mean 'tsit5'"),
        (LORENZ + "--dtype float16", "'float32'"),
        ("run lorenz63 --out s.zarr --dt 0.1", "t1 is missing: give --t1"),
        ("run lorenz63 --t1 1 --dt 0.1", "out is missing: give --out"),
        (DRIVEN + "I=nothing.csv:current", "there is no file nothing.csv"),
        (DRIVEN + "I=input.csv:voltage", "has no variable 'voltage'"),
        (DRIVEN + "I=unsorted.csv:current", "sort the file by time"),
        (DRIVEN + "I=input.csv:current --t1 3", "use --t1 2.0 or earlier"),
        (DRIVEN + "J=input.csv:current", "no parameter 'J' to drive"),
        (DRIVEN + "I=input.csv:current --set I=1", "both set and driven"),
        (DRIVEN + "I=input.csv:current --interpolation cubik", "did you mean 'cubic'"),
        (DRIVEN + "I=input.csv:time", "no variable 'time' but a coordinate of that name: known"),
        (LORENZ + "--epoch nonsense", "--epoch says how to read the data"),
        (LORENZ + "--epoch 1958-01-01 --interpolation cubic", "give --input too, or leave it out"),
        ("run run.toml --interpolation foo", "--interpolation says how to read"),
        (LORENZ + "--set rho=+-5", "rho must be a number"),
        (LORENZ + f"--set rho={'1' * 400}", "rho must be a finite number"),
        (LORENZ + f"--t1 {'1' * 400}/1", "t1 must be a finite number"),
        (LORENZ + "--t0 -1e308 --t1 1e308 --dt 1e305", "too many steps"),
        (LORENZ + "--ensemble 999999999999999", "more than 10,000,000"),
        (LORENZ + "--sweep rho=0:1:999999999999", "values are more than 10,000,000"),
        (LORENZ + "--sweep rho=0:1:5000 --sweep sigma=0:1:5000", "25,000,000 runs are more than"),
        (LORENZ + f"--seed {10**30}", "is too large: choose one of at most"),
        (
            "run lorenz96 --set sites=999999999999999 --t1 1 --dt 0.1 --out s.zarr",
            "needs more memory than there is",
        ),
        ("run huge.toml", "t1 must be a finite number"),
        ("run nul.toml", "must be a path such as 'run.zarr'"),
        ("run ./nothing", "there is no run file"),
        ("run nothing.toml", "there is no run file nothing.toml"),
        ("run unknown_key.toml", "unknown key 'evry' in the run file: did you mean 'every'"),
        ("run syntax.toml", "line 2, column 8"),
        ("run run.toml --mode fast", "there is no mode 'fast'"),
        ("systems lorenz36", "did you mean 'lorenz"),
        ("rum lorenz63", "there is no command 'rum': did you mean 'run'"),
    ],
)
def test_what_cannot_be_done_as_asked_is_exit_code_2(parasim, tmp_path, arguments, remedy):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    result = parasim(arguments)
    assert result.exit_code == 2, result.output
    assert remedy in result.output
    assert "Traceback" not in result.output
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


def test_a_file_with_the_name_of_a_system_is_no_run_file(parasim, tmp_path):
    (tmp_path / "lorenz63").write_text("notes")
    assert parasim(LORENZ).exit_code == 0


@pytest.mark.parametrize("run", ["", " --dry-run"])
def test_a_store_of_another_program_is_never_replaced(parasim, run):
    xr.Dataset({"precious": 1}).to_zarr("s.zarr", zarr_format=3, consolidated=False)
    result = parasim(LORENZ + "--overwrite" + run)
    assert result.exit_code == 4
    assert "not written by parasim" in result.output
    assert "precious" in xr.open_zarr("s.zarr", consolidated=False)


@pytest.mark.parametrize("run", ["", " --dry-run"])
def test_windows_that_do_not_fit_into_memory_are_exit_code_2(parasim, tmp_path, monkeypatch, run):
    monkeypatch.setattr("parasim.simulation.planning._resources.device_memory", lambda *_: 1000)
    result = parasim(LORENZ + run)
    assert result.exit_code == 2
    assert "--steps" in result.output
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("run", ["", " --dry-run"])
def test_an_existing_store_is_exit_code_4_and_stays(parasim, run):
    assert parasim(LORENZ + "--set rho=20").exit_code == 0
    result = parasim(LORENZ + run)
    assert result.exit_code == 4
    assert "--overwrite" in result.output
    assert '"rho": 20' in xr.open_zarr("s.zarr").attrs["configuration"]
    assert parasim(LORENZ + "--overwrite").exit_code == 0
    assert '"rho": 28' in xr.open_zarr("s.zarr").attrs["configuration"]


@pytest.mark.parametrize(
    "out",
    [
        "file/s.zarr",
        "file",
        pytest.param(
            "/proc/s.zarr", marks=pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
        ),
    ],
)
def test_a_path_that_cannot_be_written_is_exit_code_4(parasim, tmp_path, out):
    (tmp_path / "file").write_text("precious")
    result = parasim(f"run lorenz63 --t1 1 --dt 0.1 --overwrite --out {out}")
    assert result.exit_code == 4
    assert "choose another path" in result.output
    assert (tmp_path / "file").read_text() == "precious"


def test_a_url_that_nothing_opens_is_exit_code_4(parasim):
    result = parasim("run lorenz63 --t1 1 --dt 0.1 --out nosuch://bucket/s.zarr")
    assert result.exit_code == 4
    assert "cannot open nosuch://bucket/s.zarr" in result.output
    assert "install what fsspec needs" in result.output


def test_a_state_that_blows_up_is_exit_code_3_and_keeps_every_window_before(parasim):
    result = parasim(
        "run lorenz63 --out s.zarr --dt 0.3 --t1 300 --steps 4 --y0 x=30 --set rho=500"
    )
    assert result.exit_code == 3
    assert "stopped being finite at t = " in result.output
    assert "smaller dt" in result.output
    assert "Traceback" not in result.output
    dataset = open_run("s.zarr")
    assert dataset.attrs["status"] == "failed"
    assert f"t = {dataset.attrs['failed_at']:.12g}" in result.output
    assert dataset["x"].notnull().all()
    shown = parasim("info s.zarr").output
    assert "failed: a state stopped being finite by t = " in shown


@pytest.mark.parametrize("store", ["nothing", "file", "folder", "foreign.zarr"])
def test_info_on_anything_else_is_exit_code_4(parasim, store):
    Path("file").write_text("text")
    Path("folder").mkdir()
    xr.Dataset({"a": 1}).to_zarr("foreign.zarr", consolidated=False)
    result = parasim(f"info {store}")
    assert result.exit_code == 4
    assert store in result.output
    assert "Traceback" not in result.output


def test_debug_shows_the_traceback(parasim):
    result = parasim("systems lorenz36 --debug")
    assert isinstance(result.exception, ValueError)


def test_ctrl_c_is_exit_code_130(parasim, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("parasim.simulation.running._distributed.execute", interrupted)
    result = parasim(LORENZ)
    assert result.exit_code == 130
    assert "Interrupted" in result.output
    assert xr.open_zarr("s.zarr").attrs["status"] == "interrupted"
