"""What a run says about how it came to be."""

import getpass
import json
import os
import re

import diffrax
import jax
import numpy as np
import pytest
import xarray as xr

import parasim
from parasim import ParallelNewton, System, Variable, simulate
from parasim._bibtex import split_entries
from parasim.io._records import decoded
from parasim.simulation import stored_attributes
from parasim.simulation.planning._plan import make_plan
from parasim.simulation.planning._resume import check_same
from parasim.simulation.provenance import _environment

SHORT = ParallelNewton(steps=16, mode="sequential")
RUN = {"t1": 1.0, "dt": 0.01, "solver": SHORT}


def decay(t, y, args):
    return jax.tree.map(lambda leaf: -leaf, y)


def mine(**changes):
    values = {
        "name": "mine", "vector_field": decay,
        "initial_state": lambda params, seed: {"x": np.asarray(1.0)},
        "params": {}, "variables": {"x": Variable()}, "time_unit": "s",
        "description": "it decays", "citation": "A & B (2020)",
    }  # fmt: skip
    return System(**(values | changes))


def attributes(system="lorenz63", **options):
    return decoded(make_plan(system, **(RUN | options)).attributes)


def test_attributes_are_strings_and_numbers_that_netcdf_holds(tmp_path):
    said = make_plan("lorenz63", **RUN).attributes
    assert all(isinstance(value, str | int) for value in said.values())
    xr.Dataset(attrs=said).to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as opened:
        assert opened.attrs == said


def test_the_conventions_attributes_say_what_when_and_by_what():
    said = attributes(mine(), y0={"x": 2.0})
    assert said["Conventions"] == "CF-1.11, ACDD-1.3"
    assert said["title"] == "mine: it decays"
    assert "Integrated by Tsit5 in steps of 0.01 s" in said["summary"]
    assert said["source"] == f"parasim {parasim.__version__}, diffrax {diffrax.__version__} (Tsit5)"
    assert said["references"] == "A & B (2020)"
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    assert re.fullmatch(when, said["date_created"])
    assert re.fullmatch(rf"{when}: .+", said["history"])
    assert "institution" not in said


def test_versions_name_what_decides_the_numbers_and_writes_the_file():
    versions = attributes()["versions"]
    assert versions["jax"] == jax.__version__
    assert versions["numpy"] == np.__version__
    assert {"parasim", "jaxlib", "lineax", "optimistix", "zarr", "numcodecs"} <= versions.keys()


def test_the_environment_says_machine_and_settings(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_x=1")
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    with jax.default_matmul_precision("highest"):
        said = attributes()["environment"]
    assert said["x64"] is True
    assert said["matmul_precision"] == "highest"
    assert (said["xla_flags"], said["slurm_job"]) == ("--xla_x=1", "42")
    assert said["devices"] == jax.device_count()
    assert said["directory"] == os.getcwd()
    assert {"host", "os", "cpus"} <= said.keys()


def refuse(error):
    def raises():
        raise error

    return raises


@pytest.mark.parametrize("error", [KeyError("no such id"), OSError("no such id"), ImportError()])
def test_a_user_without_a_name_in_a_directory_that_is_gone(monkeypatch, error):
    monkeypatch.setattr(getpass, "getuser", refuse(error))
    monkeypatch.setattr(_environment.os, "getcwd", refuse(FileNotFoundError()))
    said = attributes()
    assert not {"user", "directory"} & said["environment"].keys()
    assert said["environment"]["host"]


def test_a_vector_field_of_the_users_own_is_a_plugin_and_a_built_in_one_is_none():
    assert attributes()["plugins"] == []
    (origin,) = attributes(decay, y0=1.0)["plugins"]
    assert (origin["module"], origin["file"]) == (__name__, __file__)


class Mine(diffrax.Euler):
    """A solver of the user's own."""


def test_a_solver_of_the_users_own_is_a_plugin():
    (origin,) = attributes(solver=ParallelNewton(Mine(), steps=16))["plugins"]
    assert origin["module"] == __name__


def test_the_repository_of_parasim_is_there_if_it_runs_from_one(monkeypatch, tmp_path):
    root = os.path.dirname(os.path.dirname(parasim.__file__))
    monkeypatch.chdir(tmp_path)
    found = attributes()["git"]
    assert found.keys() == ({root} if os.path.exists(f"{root}/.git") else set())
    assert all(re.fullmatch("[0-9a-f]{40,}", state["commit"]) for state in found.values())


def keys(system="lorenz63", **options):
    return list(split_entries(attributes(system, **options)["bibtex"]))


def test_bibtex_has_the_system_first_then_the_solver_and_the_packages():
    found = keys()
    assert found[0] == "lorenz1963deterministic"
    assert {"kidger2021on", "jax2018github", "tsitouras2011runge", "parasim", "zarr"} <= {*found}
    assert f"version = {{{parasim.__version__}}}" in attributes()["bibtex"]
    assert not {"optimistix2024", "lim2024parallelizing"} & {*found}


def test_an_implicit_solver_brings_its_root_finder_and_a_wrapped_one_is_found():
    found = keys(solver=diffrax.HalfSolver(diffrax.Kvaerno3()))
    assert {"kvaerno2004singly", "hairer2002solving-ii", "optimistix2024", "lineax2023"} <= {*found}


def test_a_system_that_is_known_in_words_only_becomes_a_note():
    assert keys(mine())[0] == "mine"
    assert r"note = {A \& B (2020)}" in attributes(mine())["bibtex"]
    assert keys(mine(bibtex="@book{b, title={B}}"))[0] == "b"
    assert keys(decay, y0=1.0)[0] == "kidger2021on"


def test_what_does_not_decide_the_result_may_change_before_a_run_goes_on():
    plan = make_plan("lorenz63", **RUN)
    stored = decoded(json.loads(json.dumps(plan.attributes)))
    for name in ("plugins", "git", "environment", "bibtex", "history", "summary"):
        stored.pop(name)
    stored["versions"] = {**stored["versions"], "xarray": "1", "numcodecs": "1"}
    check_same(plan, stored, "s.zarr")


def test_a_resumed_store_has_a_line_of_history_for_each_session(tmp_path):
    def stop(progress):
        raise KeyboardInterrupt

    store = tmp_path / "s.zarr"
    with pytest.raises(KeyboardInterrupt):
        simulate("lorenz63", **RUN, store=store, progress=stop)
    first = stored_attributes(store)["history"]
    simulate("lorenz63", **RUN, store=store, resume=True)
    lines = stored_attributes(store)["history"].splitlines()
    assert len(lines) == 2
    assert lines[0] == first
