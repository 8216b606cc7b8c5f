"""What is there for other programs and for shells: JSON, dry runs, completion, help."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from parasim.cli import main
from parasim.io import summarise_store


@pytest.fixture
def store(parasim):
    run = "run lorenz63 --out s.zarr --t1 1 --dt 0.01 --steps 16 --quiet"
    assert parasim(run).exit_code == 0


@pytest.mark.usefixtures("store")
def test_info_verify_and_cite_as_json(parasim):
    info = json.loads(parasim("info s.zarr --json").output)
    assert info["windows"] == summarise_store("s.zarr").windows
    assert info["attributes"]["configuration"]["set"]["rho"] == 28
    assert info["mean_growth_rate"] is None  # NaN, which JSON lacks
    assert json.loads(parasim("verify s.zarr --json").output)["sound"] is True
    assert "lorenz1963deterministic" in json.loads(parasim("cite s.zarr --json").output)
    Path("s.zarr/x/c/0").write_bytes(b"broken")
    result = parasim("verify s.zarr --json")
    assert result.exit_code == 4
    found = json.loads(result.stdout)
    assert [damage["variable"] for damage in found["damages"]] == ["x"]
    assert found["sound"] is False


DRY_RUNS = pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run lorenz63 --t1 1 --out new.zarr --mode sequential", "new.zarr"),
        ("calibrate lorenz63", "3 variables, float64, tsit5"),
        ("resume s.zarr --extend 2", "to 2"),
        ("resume s.zarr --repair", "0 files would be mended"),
        ("analyze s.zarr --stat histogram --variable x --out r.nc", "x (time: 101)"),
        ("lyapunov lorenz63 --t1 10 --dt 0.01 --plot l.png", "1,000 of 0.01"),
        ("plot s.zarr", "series, phase"),
        ("report s.zarr", "s.html"),
    ],
)


@pytest.mark.usefixtures("store")
@DRY_RUNS
def test_a_dry_run_says_what_would_be_done_and_writes_nothing(parasim, tmp_path, arguments, said):
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    result = parasim(arguments + " --dry-run")
    assert result.exit_code == 0, result.output
    assert said in result.output
    assert "written (--dry-run)" in result.output
    record = json.loads(parasim(arguments + " --dry-run --json").output)
    assert record["written"] is False
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("run lorenz63 --t1 1 --dt 0.01 --steps 16 --out t.zarr", "t.zarr"),
        ("resume s.zarr --extend 1.16", "s.zarr"),
        ("analyze s.zarr --stat histogram --out r.nc", "r.nc"),
        ("plot s.zarr --out p.svg --quiet", "p.svg"),
        ("report s.zarr", "s.html"),
    ],
)
def test_what_was_written_is_said_as_json(parasim, arguments, written):
    result = parasim(arguments + " --json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.output)
    assert record["written"] is True
    assert written in record.values()
    assert record["size"] > 0
    assert Path(written).exists()


@pytest.mark.usefixtures("store")
def test_nothing_to_do_is_said_as_json(parasim):
    assert json.loads(parasim("resume s.zarr --json").output)["written"] is False


def test_list_is_another_name_of_systems(parasim):
    assert parasim("list --json").output == parasim("systems --json").output
    assert "lorenz63" in parasim("list").output


WRITES = {"run", "resume", "analyze", "plot", "report", "lyapunov", "calibrate"}
SAYS_NO_RECORD = {"plugins"}  # whose own commands do


@pytest.mark.parametrize("name", sorted(main.list_commands(click.Context(main))))
def test_commands_have_json_and_those_that_write_a_dry_run(name):
    command = main.get_command(click.Context(main), name)
    options = {text for option in command.params for text in option.opts}
    assert ("--json" in options) == (name not in SAYS_NO_RECORD)
    assert ("--dry-run" in options) == (name in WRITES)


@pytest.mark.usefixtures("store")
def test_a_dry_run_refuses_what_the_run_would_refuse(parasim):
    assert parasim("resume s.zarr --extend 0.5 --dry-run").exit_code == 2
    assert (
        parasim("analyze s.zarr --stat histogram --variable u --out r.nc --dry-run").exit_code == 2
    )


@pytest.mark.usefixtures("store")
def test_systems_and_stores_are_completed(monkeypatch, tmp_path):
    (tmp_path / "run.toml").write_text("")
    (tmp_path / "folder").mkdir()
    complete = ShellComplete(main, {}, "parasim", "_PARASIM_COMPLETE")

    def words(*before, text):
        return [item.value for item in complete.get_completions(list(before), text)]

    assert words("run", text="lorenz6") == ["lorenz63"]
    assert words("run", text="ru") == ["run.toml"]
    assert words("plot", text="") == ["folder/", "s.zarr"]
    assert words("plot", text=f"{tmp_path}/s") == [f"{tmp_path}/s.zarr"]
    assert words("plot", text="nowhere/") == []
    assert words("plot", "--kind", text="s") == ["series", "space-time"]
    assert "show-config" in words(text="sh")


def test_completion_imports_no_jax():
    code = (
        "import sys\nfrom click.shell_completion import ShellComplete\n"
        "from parasim.cli import main\n"
        "shell = ShellComplete(main, {}, 'parasim', '_PARASIM_COMPLETE')\n"
        "assert shell.get_completions(['run'], 'lorenz')\n"
        "assert not {'jax', 'zarr', 'xarray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", sorted(main.list_commands(click.Context(main))))
def test_every_command_has_help_with_exit_codes(parasim, name):
    command = main.get_command(click.Context(main), name)
    if isinstance(command, click.Group):
        return
    short, long = parasim(f"{name} -h"), parasim(f"{name} --help")
    assert short.exit_code == 0
    assert short.output == long.output
    assert "Exit codes: 0" in short.output
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_flag and not option.multiple:
            text = " ".join(short.output.split())
            assert option.required or option.help
            assert option.opts[-1] in text


@pytest.mark.slow
def test_bench_compares_the_modes(parasim):
    arguments = "bench lorenz63 --windows 2 --steps 64 --rounds 2"
    found = json.loads(parasim(arguments + " --json").output)
    assert [mode["mode"] for mode in found["modes"]] == ["sequential", "parallel", "auto"]
    assert [mode["parallel_windows"] for mode in found["modes"][:2]] == [0, 2]
    assert all(len(mode["seconds"]) == 2 for mode in found["modes"])
    assert found["modes"][0]["relative"] == [1, 1]
    said = parasim(arguments).output
    for part in ("of sequential", "compiled in", "2 of 2", "128 steps in 2 windows"):
        assert part in said
    assert parasim("bench lorenz63 --windows 0").exit_code == 2
    assert parasim("bench lorenz63 --rounds 0").exit_code == 2
    assert parasim("bench lorenz63 --dt 30 --steps 64 --windows 2").exit_code == 3
