"""The accessor: every analysis, what made the dataset, and the report."""

import inspect
import json
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import xarray as xr

import parasim
from parasim import ConfigError, analyses
from tests.analyses.series import dataset, ensemble

FUNCTIONS = [n for n in analyses.__all__ if inspect.isfunction(getattr(analyses, n))]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run Lorenz's equations into a store; that windows were parallel is made up."""
    path = tmp_path_factory.mktemp("run") / "s.zarr"
    solver = parasim.ParallelNewton(steps=16, mode="sequential")
    parasim.simulate("lorenz63", t1=2, dt=0.01, solver=solver, store=path)
    stepped = xr.open_zarr(path, chunks={})
    windows = stepped.sizes["window"]
    rates = np.random.default_rng(0).standard_normal(windows)
    said = {"mode": np.ones(windows, "int8"), "iterations": np.full(windows, 4, "int32"),
            "growth_rate": rates, "exponent": rates + 1, "exponent_error": abs(rates)}  # fmt: skip
    return stepped.assign(
        {name: ("window", values, stepped[name].attrs) for name, values in said.items()}
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_analysis_is_a_method_with_its_options_and_its_documentation(name):
    function, method = getattr(analyses, name), getattr(analyses.ParasimAccessor, name)
    assert method.__doc__ == function.__doc__
    own = list(inspect.signature(method).parameters.values())[1:]
    assert own == list(inspect.signature(function).parameters.values())[1:]


def test_methods_pass_their_options_on():
    made = ensemble()
    xr.testing.assert_identical(
        made.parasim.power_spectrum(segment=50), analyses.power_spectrum(made, segment=50)
    )
    with pytest.raises(TypeError, match="segmnt"):
        made.parasim.power_spectrum(segmnt=50)


def test_run_says_what_made_the_dataset_and_cannot_be_changed(run):
    record = run.parasim.power_spectrum(variables="x").parasim.run
    assert record.status == "complete"
    assert record.configuration["system"] == "lorenz63"
    assert record.configuration["set"]["rho"] == 28
    assert record.versions["parasim"] == parasim.__version__
    assert record.attributes["seed"] == 0
    with pytest.raises(TypeError):
        record.configuration["set"]["rho"] = 20
    with pytest.raises(FrozenInstanceError):
        record.status = "failed"
    with pytest.raises(ConfigError, match="no attribute 'status'"):
        _ = dataset(x=[1.0, 2.0]).parasim.run


def test_the_report_says_modes_reasons_iterations_and_growth(run):
    text = run.parasim.report()
    for part in ("lorenz63: thermal", "status   complete",
                 "0 to 2, 201 values of x, y, z", "windows  0 sequential, 13 parallel", " 13: ",
                 "4 Newton iterations in the median", "sequential steps", "measured in 13 windows;",
                 " ± "):  # fmt: skip
        assert part in text
    assert text == run.compute().parasim.report()


def test_the_report_of_a_run_that_goes_on_is_of_what_there_is(run):
    window = run["window_time"]
    begun = run.assign_coords(window_time=window.where(window < 0.5))
    begun.attrs["status"] = "running"
    assert "0 to 0.48" in begun.parasim.report()
    assert "measured in 3 windows" in begun.parasim.report()


def test_a_part_of_a_run_has_no_report(run):
    with pytest.raises(ConfigError, match="'cost' is missing"):
        run[["x"]].parasim.report()
    with pytest.raises(ConfigError, match="does not say what made it"):
        ensemble().parasim.report()


def test_attributes_that_only_look_like_json_stay_as_they_are():
    made = dataset(x=[1.0, 2.0])
    made.attrs |= {"status": "complete", "configuration": "{}", "versions": json.dumps({"a": "1"})}
    made.attrs["title"] = "{not json"
    assert made.parasim.run.attributes["title"] == "{not json"


def test_an_analysis_of_a_plugin_is_a_method(installed):
    source = "def span(dataset, *, dim): return dataset.max(dim) - dataset.min(dim)"
    installed("mine", {"analyses": {"dim-span": "spans:span"}}, spans=source)
    made = dataset(v=np.arange(5.0))
    assert float(made.parasim.dim_span(dim="time")["v"]) == 4.0
    assert "dim_span" in dir(made.parasim)
    with pytest.raises(AttributeError, match="did you mean 'dim_span'"):
        made.parasim.dim_spam  # noqa: B018
