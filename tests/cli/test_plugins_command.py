"""`parasim plugins`, and commands, systems, analyses and run files with plugins."""

import json
import re
import subprocess
import sys

import click
import numpy as np
import pytest
import xarray as xr

from parasim.cli import main

COMMAND = '''
    import click

    @click.command()
    @click.argument("name")
    def hello(name):
        """Greet somebody."""
        click.echo(f"hello {name}")
'''
CHATTY = "print('hello from the import')\ndef f(): print('and from the call')"
ANALYSIS = '''
    def top(dataset, *, count: int, variables=None):
        """Return the largest values."""
        return dataset[["x"]].isel(time=slice(count))
'''


def listed(parasim, arguments=""):
    result = parasim(f"plugins list --json {arguments}")
    assert result.exit_code == 0, result.output
    return {(r["group"], r["name"], r["distribution"]): r for r in json.loads(result.stdout)}


def test_the_list_says_group_name_state_and_origin_of_each(parasim, installed):
    installed("clash", {"systems": {"lorenz63": "m:f"}}, "2.1", m="raise RuntimeError")
    result = parasim("plugins list --group systems")
    lines = [line.split() for line in result.output.splitlines() if "lorenz63" in line]
    assert [line[:5] for line in lines] == [
        ["systems", "lorenz63", "available", "parasim", lines[0][4]],
        ["systems", "lorenz63", "shadowed", "clash", "2.1"],
    ]
    assert "chaotic" in result.output
    assert "sinks" not in result.output
    found = listed(parasim)
    assert {group for group, _, _ in found} == {
        "systems", "integrators", "sinks", "analyses", "commands"
    }  # fmt: skip
    assert found["systems", "lorenz63", "clash"]["entry_point"] == "m:f"


def test_doctor_loads_each_in_a_child_and_fails_if_one_is_broken(parasim, installed):
    installed(
        "mixed",
        {"sinks": {"rude": "rude:f", "chatty": "chatty:f", "old": "old:f", "gone": "gone:f"}},
        rude="raise SystemExit(7)",
        chatty=CHATTY,
        old="PARASIM_API = 0",
    )
    installed("fine", {"commands": {"hello": "greeting:hello"}}, greeting=COMMAND)
    result = parasim("plugins doctor --json --group sinks --group commands")
    assert result.exit_code == 5
    found = {r["name"]: (r["state"], r["reason"]) for r in json.loads(result.stdout)}
    assert found["hello"] == found["memory"] == ("loaded", "")
    assert found["rude"] == ("broken", "the process that imported it ended with exit code 7")
    assert "makes something of type NoneType" in found["chatty"][1]
    assert found["old"][0] == "incompatible"
    assert "No module named 'gone'" in found["gone"][1]
    assert not {"rude", "chatty", "greeting"} & set(sys.modules)


@pytest.mark.slow
def test_doctor_is_content_with_what_parasim_brings(parasim):
    result = parasim("plugins doctor --group sinks")
    assert (result.exit_code, result.output) == (0, "2 of 2 plugins are fine.\n")


@pytest.mark.slow
def test_verify_lists_the_states_after_loading_and_keeps_json_clean(parasim, installed):
    installed("talks", {"analyses": {"a": "chatty:f"}, "sinks": {"b": "chatty:f"}}, chatty=CHATTY)
    found = listed(parasim, "--verify --group sinks --group analyses")
    assert found["analyses", "a", "talks"]["state"] == "loaded"
    assert found["sinks", "b", "talks"]["state"] == "broken"


def test_a_command_of_a_plugin_is_in_the_help_and_runs(parasim, installed):
    installed("fine", {"commands": {"hello": "greeting:hello"}}, greeting=COMMAND)
    assert "\n hello Greet somebody [fine]\n" in re.sub(" +", " ", parasim("--help").output)
    assert "greeting" not in sys.modules
    assert parasim("hello world").output == "hello world\n"


def test_a_broken_command_is_in_the_help_and_says_why_when_it_is_called(parasim, installed):
    installed("bad", {"commands": {"bad": "bad_m:f", "number": "number_m:f"}}, bad_m="1 / 0",
              number_m="def f(): ...")  # fmt: skip
    assert "\n bad [bad]" in re.sub(" +", " ", parasim("--help").output)
    result = parasim("bad --anything")
    assert result.exit_code == 5
    assert "ZeroDivisionError: division by zero. Mend or uninstall bad" in result.output
    assert "where a click.Command is needed" in parasim("number").output
    assert "\n bad (broken)" in re.sub(" +", " ", parasim("--help").output)
    assert parasim("systems").exit_code == 0


def test_shell_completion_names_commands_whether_they_work_or_not(parasim, installed):
    installed("bad", {"commands": {"racket": "bad_m:f"}}, bad_m="1 / 0")
    completed = main.shell_complete(click.Context(main), "r")
    assert [item.value for item in completed] == ["racket", "report", "resume", "run"]
    assert completed[-1].help == "Integrate a system and stream it to a zarr store"


def test_systems_lists_what_plugins_bring_and_imports_none(parasim, installed):
    installed("bad", {"systems": {"my-model": "bad_m:f"}},
              bad_m='1 / 0\ndef f():\n    """Build a model."""')  # fmt: skip
    assert "my-model Build a model [bad]" in " ".join(parasim("systems").output.split())
    records = {r["name"]: r for r in json.loads(parasim("systems --json").stdout)}
    assert records["my-model"]["distribution"] == "bad"
    shown = json.loads(parasim("systems lorenz96 --json").stdout)
    assert shown["options"] == {"sites": 40}
    assert shown["parameters"]["F"]["maximum"] == 1000.0
    assert parasim("systems my-model").exit_code == 5


def test_an_analysis_of_a_plugin_is_listed_and_computed(parasim, installed, tmp_path):
    installed("mine", {"analyses": {"top": "tops:top"}}, tops=ANALYSIS)
    xr.Dataset({"x": ("time", np.arange(9.0))}).to_zarr(tmp_path / "s.zarr", zarr_format=2)
    shown = " ".join(parasim("analyze --help").output.split())
    assert "top the largest values --set count (needed)" in shown
    result = parasim("analyze s.zarr --stat top --set count=4 --out r.zarr")
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(xr.open_zarr("r.zarr")["x"], np.arange(4.0))
    result = parasim("analyze s.zarr --stat top --out r.zarr --overwrite")
    assert "top needs --set count=VALUE" in result.output


@pytest.mark.parametrize("value", ['["parasim"]', '["systems:lorenz63"]', '"a,Systems:Lorenz63"'])
def test_a_run_file_disables_plugins(parasim, tmp_path, value):
    (tmp_path / "r.toml").write_text(
        f'system = "lorenz63"\nt1 = 1\ndt = 0.1\nout = "s.zarr"\ndisable_plugins = {value}\n'
    )
    result = parasim("run r.toml --dry-run")
    assert result.exit_code == 2
    assert "is disabled, by PARASIM_DISABLE_PLUGINS or the run file" in result.output


def test_disable_plugins_of_the_wrong_type_is_refused(parasim, tmp_path):
    (tmp_path / "r.toml").write_text(
        'system = "lorenz63"\nt1 = 1\ndt = 0.1\nout = "s.zarr"\ndisable_plugins = [3]\n'
    )
    result = parasim("run r.toml --dry-run")
    assert result.exit_code == 2
    assert 'must be a list of distributions or "group:name"' in result.output


@pytest.mark.parametrize("arguments", ["systems", "systems --json", "plugins list"])
def test_lists_import_no_jax(arguments):
    code = (
        "import sys\nfrom parasim.cli import main\n"
        f"main({arguments.split()!r}, standalone_mode=False)\n"
        "assert not {'jax', 'numpy', 'zarr', 'xarray'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
