"""`parasim show` and `parasim show-config`: what is said of a system, and of a configuration."""

import json
from types import SimpleNamespace

import pytest

from parasim.cli import _system_words as words
from parasim.plugins import get_system


def test_show_says_all_that_is_known_of_a_system(parasim):
    said = parasim("show hodgkin-huxley").output
    for part in ("dm/dt = alpha_m(V) (1 - m)", "mV    membrane potential", "Time is in ms.",
                 "120      mS cm-2  [0, 10000]     largest conductance of sodium",
                 "J. Physiol. 117", "@article{hodgkin1952quantitative"):  # fmt: skip
        assert part in said
    assert "whole number" in parasim("show lorenz96").output
    assert "did you mean 'lorenz" in parasim("show lorenz36").output


def test_show_as_json(parasim):
    said = json.loads(parasim("show lorenz96 --json").output)
    assert said["parameters"]["F"]["value"] == 8
    assert said["variables"]["x"]["dims"] == ["site"]
    assert said["options"] == {"sites": 40}
    assert said["equations"].startswith("Lorenz's ring")


def test_known_numbers_are_shown_with_their_errors():
    truth = SimpleNamespace(
        quantity="lyapunov_exponents", value=(0.9056, 0.0, -14.572), standard_error=2e-4,
        status="recomputed", source="Sprott (2003)", settings={"rho": 28.0},
    )  # fmt: skip
    system = SimpleNamespace(truth=(truth,))
    expected = ("lyapunov exponents", "0.9056, 0, -14.572", "0.0002", "recomputed",
                "at rho = 28; Sprott (2003)")  # fmt: skip
    assert words.truth_rows(system) == [expected]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["energy-balance", "fitzhugh-nagumo", "van-der-pol"])
def test_every_equation_is_in_the_module_of_the_system(name):
    assert "/dt" in words.equations(get_system(name))


def test_each_value_of_a_configuration_has_an_origin(parasim, tmp_path, monkeypatch):
    (tmp_path / "run.toml").write_text(
        'system = "fitzhugh-nagumo"\nt1 = 2\ndt = "1/10"\nout = "s.zarr"\nevery = 5\n'
        "[set]\na = 0.7\n[y0]\nv = 1\nw = 2\n"
    )
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    result = parasim("show-config run.toml --every 2 --set b=0.81 --keep-bits 12 --y0 v=3 --json")
    assert result.exit_code == 0, result.output
    found = {v["key"]: (v["value"], v["origin"]) for v in json.loads(result.output)}
    expected = {
        "t1": (2, "run file run.toml"), "every": (2, "command line"), "t0": (0, "default"),
        "dt": (0.1, "run file run.toml"), "set.a": (0.7, "run file run.toml"),
        "set.b": (0.81, "command line"), "set.I": (0.5, "default of the system"),
        "y0.v": (3, "command line"), "y0.w": (2, "run file run.toml"),
        "encoding.keep_bits": (12, "command line"), "encoding.access": ("both", "default"),
        "costs.iteration": (8, "estimate for such a device"),
        "JAX_PLATFORMS": ("cpu", "environment"),
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert {path.name for path in tmp_path.iterdir()} == {"run.toml"}
    lines = parasim("show-config run.toml --every 2").output.splitlines()
    assert ["every", "2", "command line"] in [line.split(maxsplit=2) for line in lines]


def test_a_configuration_that_no_run_could_have_is_refused(parasim):
    result = parasim("show-config lorenz63 --t1 1 --dt 0.1 --out s.zarr --set rhoo=1")
    assert result.exit_code == 2
    assert "did you mean 'rho'" in result.output


def test_of_a_store_what_its_run_was_made_with(parasim):
    parasim("run van-der-pol --t1 1 --dt 0.1 --set mu=2 --mode sequential --out s.zarr")
    found = json.loads(parasim("show-config s.zarr --json").output)
    values = {value["key"]: (value["value"], value["origin"]) for value in found}
    assert values["set.mu"] == (2, "given")
    assert values["y0.x"][1] == "default of the system"
    assert values["solver.solver"] == ("Tsit5", "recorded")
    assert values["t1"] == (1, "recorded")
    result = parasim("show-config s.zarr --t1 3")
    assert result.exit_code == 2
    assert "leave out the options" in result.output
    result = parasim("run s.zarr --t1 3")
    assert result.exit_code == 2
    assert "parasim resume s.zarr" in result.output


def test_a_system_that_is_not_there_is_said_before_what_is_missing(parasim):
    assert "no system 'lorenz36'" in parasim("show-config lorenz36").output
