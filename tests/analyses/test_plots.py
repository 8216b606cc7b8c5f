"""Quick looks: what is drawn, and what is refused."""

import builtins

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot

from parasim import ConfigError
from parasim.analyses import power_spectrum
from tests.analyses.series import dataset, ensemble, unfinished
from tests.analyses.test_growth import run

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def test_a_time_series_has_a_line_for_each_series_with_units():
    ax = ensemble().parasim.plot.time_series("v")
    assert len(ax.lines) == 6
    assert ax.get_xlabel() == "model time (ms)"
    assert ax.get_ylabel() == "potential (mV)"
    assert ax.get_legend().get_texts()[3].get_text() == "member 1, site 1"
    np.testing.assert_array_equal(ax.lines[3].get_ydata(), ensemble()["v"][1, :, 1])


def test_of_many_series_the_first_are_drawn_and_it_says_so():
    ax = ensemble(members=20).parasim.plot.time_series("w")
    assert len(ax.lines) == 8
    assert ax.get_title() == "the first 8 of 20 series"


def test_long_series_are_thinned_and_the_dataset_is_not_changed():
    made = dataset(x=np.arange(50_001.0))
    ax = made.chunk(time=1000).parasim.plot.time_series()
    assert len(ax.lines[0].get_xdata()) == 16_667
    assert ax.get_xlabel() == "model time, one value of 3 (ms)"
    assert made["time"].attrs["long_name"] == "model time"


def test_what_is_not_there_yet_is_not_drawn():
    assert len(unfinished(ensemble()).parasim.plot.time_series().lines[0].get_xdata()) == 200


def test_a_phase_portrait_draws_one_against_the_other():
    made = ensemble()
    ax = made.parasim.plot.phase_portrait("w", "v")
    assert len(ax.lines) == 6
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), made["w"][0])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), made["v"][0, :, 1])


def test_space_and_time():
    made = ensemble(members=2, sites=5)
    ax = made.parasim.plot.space_time()
    assert ax.collections[0].get_array().shape == (5, 200)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("model time (ms)", "site")
    members = made.parasim.plot.space_time("v", dim="member")
    assert members.collections[0].get_array().shape == (2, 200)
    with pytest.raises(ConfigError, match="no dimension 'place'"):
        made.parasim.plot.space_time("v", dim="place")
    with pytest.raises(ConfigError, match="draw its time series"):
        dataset(x=np.zeros(5)).parasim.plot.space_time()


def test_a_spectrum_leaves_out_frequency_zero_and_takes_axes():
    _, ax = pyplot.subplots()
    made = ensemble()
    assert made.parasim.plot.spectrum("w", segment=64, ax=ax) is ax
    expected = power_spectrum(made, segment=64)["w"][1, 1:]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), expected)
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_growth_shades_each_parallel_window():
    mode = ("window", np.array([0, 1, 0, 1], "int8"))
    ax = run([1.0, 2, 3, 4], [3, 4, 5, 8], mode=mode).parasim.plot.growth()
    shades = next(p for p in ax.patches if p.get_label() == "parallel")
    np.testing.assert_array_equal(shades.get_data().values, [0, 1, 0, 1])
    assert ax.get_xlim() == (2, 8)
    assert ax.get_ylabel() == "finite-time Lyapunov growth rate (1/ms)"
    several = run(np.ones((3, 4)), [3, 4, 5, 8]).parasim.plot.growth()
    assert several.get_title() == "mean of 3 members"
    assert "parallel" not in [p.get_label() for p in several.patches]


def test_without_matplotlib_it_says_how_to_install_it(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install 'parasim\[plots\]'"):
        ensemble().parasim.plot.time_series()
