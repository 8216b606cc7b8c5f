"""`parasim analyze`: every analysis, its options, what it writes and what it refuses."""

import inspect
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

import parasim as package
from parasim import analyses
from parasim.cli._analyses import options_of
from parasim.plugins._registry import names
from tests.analyses.series import dataset, ensemble, unfinished


@pytest.fixture
def store(tmp_path):
    """Make a store with members and sites, of a run that goes on."""
    made = unfinished(ensemble()).chunk(time=64)
    made.to_zarr(tmp_path / "s.zarr", zarr_format=2)
    return made


def test_the_list_is_that_of_the_functions():
    functions = {n: f for n, f in vars(analyses).items() if inspect.isfunction(f)}
    assert {name.replace("-", "_") for name in names("analyses")} == set(functions)
    for name in names("analyses"):
        parameters = dict(inspect.signature(functions[name.replace("-", "_")]).parameters)
        parameters.pop("dataset")
        parameters.pop("variables", None)
        needed, optional = options_of(name)
        assert list(needed) == [key for key, p in parameters.items() if p.default is p.empty]
        assert {*needed, *optional} == set(parameters)


def test_help_names_every_analysis_and_its_options_on_a_screen(parasim):
    text = parasim("analyze --help").output
    for name in names("analyses"):
        assert f"{name} " in text
    assert "--set threshold (needed), refractory" in text
    assert "the mean by the phase of a period, or by a part of the calendar\n" in text


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ("--stat ensemble-mean --set dims=member,site", lambda d: d["v"].mean(["member", "site"])),
        ("--stat ensemble_mean --variable v", lambda d: d["v"].mean("member")),
        (
            "--stat ensemble-quantiles --set quantiles=0.5,1 --variable v --variable w",
            lambda d: analyses.ensemble_quantiles(d, quantiles=(0.5, 1))["v"],
        ),
        (
            "--stat running-mean --set length=5 --set centred=no",
            lambda d: analyses.running_mean(d, length=5, centred=False)["v"],
        ),
        (
            "--stat power-spectrum --set segment=50 --set window=boxcar",
            lambda d: analyses.power_spectrum(d, segment=50, window="boxcar")["v"],
        ),
        (
            "--stat poincare-section --set plane=v --set level=-0.5 --set at=site:1",
            lambda d: analyses.poincare_section(d, plane="v", level=-0.5, at={"site": 1})["v"],
        ),
        (
            "--stat spike-rate --set threshold=1 --set width=5 --variable v",
            lambda d: analyses.spike_rate(d, threshold=1, width=5)["v_spike_rate"],
        ),
    ],
)
@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_it_writes_what_the_function_returns(parasim, store, arguments, call, suffix):
    result = parasim(f"analyze s.zarr {arguments} --out r.{suffix}")
    assert result.exit_code == 0, result.output
    with xr.open_zarr("r.zarr") if suffix == "zarr" else xr.open_dataset("r.nc") as read:
        name = next(iter(read.data_vars)) if "crossing" not in read.dims else "v"
        xr.testing.assert_allclose(read[name].drop_attrs(), call(store).compute().drop_attrs())


def test_the_summary_and_the_attributes_say_what_it_is(parasim, store, tmp_path):
    result = parasim("analyze s.zarr --stat power-spectrum --set segment=50 --out r.zarr")
    for part in ("power-spectrum of s.zarr", "segment = 50",
                 "v (member: 3, frequency: 26, site: 2), mV2 ms", "r.zarr, ",
                 'xarray.open_zarr("r.zarr")'):  # fmt: skip
        assert part in result.output
    assert result.stderr == ""
    attributes = xr.open_zarr("r.zarr").attrs
    line = f"parasim {package.__version__} power_spectrum(segment=50) of s.zarr"
    assert attributes["history"].endswith(line)
    assert attributes["analysis"] == "power_spectrum"
    assert json.loads(attributes["analysis_arguments"]) == {"segment": 50}
    assert attributes["analysis_of"] == str(tmp_path / "s.zarr")
    assert attributes["title"] == "a test"
    assert "parasim_store" not in attributes
    again = parasim("analyze s.zarr --stat autocorrelation --out r.zarr --overwrite --quiet")
    assert again.output == ""
    assert "lag" in xr.open_zarr("r.zarr").dims


def test_a_result_can_be_analysed(parasim, store):
    parasim("analyze s.zarr --stat poincare-section --set plane=w --set level=0 --out p.zarr")
    result = parasim("analyze p.zarr --stat return-map --set points=values --set dim=crossing "
                     "--out r.zarr")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert len(xr.open_zarr("r.zarr").attrs["history"].splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("s.zarr --stat spectrum --out r.zarr", 2, "there is no analysis 'spectrum'"),
        ("s.zarr --stat spike-times --out r.zarr", 2, "needs --set threshold=VALUE"),
        ("s.zarr --stat histogram --set bin=3 --out r.zarr", 2, "did you mean 'bins'"),
        ("s.zarr --stat histogram --set bins=3.5 --out r.zarr", 2, "a whole number is needed"),
        ("s.zarr --stat spike-rate --set threshold=x --out r.nc", 2, "a number is needed"),
        ("s.zarr --stat histogram --set density=1 --out r.zarr", 2, "say yes or no"),
        ("s.zarr --stat poincare-section --set plane=v --set level=0 --set at=0 --out r.nc", 2,
         "DIMENSION:VALUE"),
        ("s.zarr --stat histogram --set variables=v --out r.zarr", 2, "no such option"),
        ("s.zarr --stat histogram --variable u --out r.zarr", 2, "no variable 'u'"),
        ("s.zarr --stat growth-over-time --variable v --out r.zarr", 2, "leave out --variable"),
        ("s.zarr --stat histogram --out s3://bucket/r.zarr", 2, "is a URL"),
        ("s.zarr --stat histogram --out r.csv", 2, "must end in .zarr or .nc"),
        ("s.zarr --stat histogram --out s.zarr", 2, "is the store itself"),
        ("s.zarr --stat histogram --out s.zarr/r.zarr --overwrite", 2, "or in it"),
        ("s.zarr --stat histogram --out nowhere/r.nc", 4, "choose another"),
        ("nothing.zarr --stat histogram --out r.nc", 4, "there is no store nothing.zarr"),
        ("folder --stat histogram --out r.nc", 4, "cannot be read as a zarr store"),
        ("s.zarr --stat histogram --out foreign.zarr --overwrite", 4, "never replaced"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    parasim, store, tmp_path, arguments, code, said
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "foreign.zarr").mkdir()
    before = sorted(tmp_path.rglob("*"))
    result = parasim(f"analyze {arguments}")
    assert result.exit_code == code
    assert said in result.output
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_a_killed_process_leaves_no_result(tmp_path):
    rows = 400_000
    noise = np.random.default_rng(0).standard_normal((rows, 20))
    made = dataset(x=(("time", "site"), noise)).chunk(time=2000)
    made.to_zarr(tmp_path / "s.zarr", zarr_format=2)
    command = [sys.executable, "-m", "parasim", "analyze", "s.zarr", "--stat", "running-mean",
               "--set", "length=9", "--out", "r.zarr"]  # fmt: skip
    process = subprocess.Popen(command, cwd=tmp_path)
    while not any(tmp_path.glob(".r.zarr.*.partial/x/c/*")):
        assert process.poll() is None, "it was too fast to be killed"
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "r.zarr").exists()
    subprocess.run([*command, "--quiet"], cwd=tmp_path, check=True)
    assert xr.open_zarr(tmp_path / "r.zarr").sizes["time"] == rows


def test_an_interrupt_writes_nothing_and_says_so(parasim, store, tmp_path, monkeypatch):
    def interrupted(*rest, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("parasim.analyses._result._write", interrupted)
    result = parasim("analyze s.zarr --stat running-mean --set length=3 --out r.zarr")
    assert result.exit_code == 130
    assert "no result was written" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["s.zarr"]
