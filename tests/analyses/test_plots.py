"""Quick looks: what is drawn, and what is refused."""

import builtins
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot

from parasim import ConfigError
from parasim.analyses import power_spectrum
from parasim.analyses.pictures import inline_svg, save_picture, selected, suitable
from parasim.analyses.pictures._style import unit_text
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


def test_of_many_series_some_are_drawn_and_it_says_so():
    made = dataset(x=(("time", "site"), np.outer(np.arange(5.0), np.arange(21))))
    ax = made.parasim.plot.time_series()
    assert [line.get_ydata()[1] for line in ax.lines] == [0, 4, 8, 12, 16, 20]
    assert ax.get_title(loc="left") == "6 of 21 series"


def test_of_an_ensemble_the_median_and_the_spread_are_drawn():
    members = np.arange(101.0)[:, None] * np.ones(5)
    ax = dataset(x=(("member", "time"), members)).parasim.plot.time_series()
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (5, 95)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), np.full(5, 50.0))
    assert ax.get_title(loc="left") == "101 members"


@pytest.mark.parametrize("chunks", [None, 1000, 999])
def test_of_long_series_the_range_is_drawn_and_the_dataset_is_not_changed(chunks):
    values = np.sin(np.arange(50_001.0))
    values[[7, 50_000]] = 3, -3
    values[30_000:40_000] = np.nan
    made = dataset(x=values)
    lazy = made if chunks is None else made.chunk(time=chunks)
    ax = lazy.parasim.plot.time_series()
    drawn = ax.collections[0].get_paths()
    assert min(path.vertices[:, 1].min() for path in drawn) == -3
    assert max(path.vertices[:, 1].max() for path in drawn) == 3
    assert sum(len(path.vertices) for path in drawn) < 4_000
    gap = [path.vertices[:, 0].max() for path in drawn if path.vertices[:, 0].max() < 3_500]
    assert gap == [pytest.approx(3_000, abs=4)]
    assert ax.get_title(loc="left") == "the range of each 34 values"
    assert ax.get_xlabel() == "model time (ms)"
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
    np.testing.assert_array_equal(shades.get_data().values > 0, [0, 1, 0, 1])
    assert ax.get_xlim() == (2, 8)
    assert ax.get_ylabel() == "growth rate (1/ms)"
    several = run(np.ones((3, 4)), [3, 4, 5, 8]).parasim.plot.growth()
    assert several.get_title(loc="left") == "mean of 3 members"
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


def test_titles_and_units_of_somebody_else_are_drawn_as_they_are(tmp_path):
    made = dataset(x=np.arange(5.0))
    made["x"].attrs.update(long_name="$\\alpha_{\x00 <b>&", units="uA cm-2")
    ax = made.parasim.plot.time_series()
    assert ax.get_ylabel() == r"\$\alpha_{  <b>& (µA cm⁻²)"
    save_picture(made.parasim.plot(title="$x_{<script>"), tmp_path / "p.svg")
    assert "&lt;script&gt;" in (tmp_path / "p.svg").read_text()


@pytest.mark.parametrize(
    ("unit", "text"),
    [("m s-2", "m s⁻²"), ("W m-2 K-1", "W m⁻² K⁻¹"), ("degC", "°C"), ("1/ms", "1/ms"),
     ("days since 1958-01-01", "days since 1958-01-01"), ("mS cm-2", "mS cm⁻²")],
)  # fmt: skip
def test_units_as_people_write_them(unit, text):
    assert unit_text(unit) == text


def spiking(cells=4):
    """Each cell c passes 0 upwards at 1.5 + c, and again 10 later."""
    values = np.full((cells, 30), -1.0)
    for cell in range(cells):
        values[cell, [2 + cell, 12 + cell]] = 1
    made = dataset(step=1.0, v=(("cell", "time"), values))
    made["v"].attrs["long_name"] = "membrane potential"
    return made


def test_a_raster_has_a_mark_for_each_spike():
    ax = spiking().parasim.plot.raster()
    marks = sorted((s[0][0], s[0][1]) for s in ax.collections[0].get_segments())
    expected = sorted((t + c, c + 0.1) for c in range(4) for t in (1.5, 11.5))
    np.testing.assert_allclose(marks, expected)
    assert ax.get_ylabel() == "cell"
    assert ax.get_title(loc="left") == "8 spikes: v passing 0 mV"
    assert "passing 0.5" in spiking().parasim.plot.raster(threshold=0.5).get_title(loc="left")
    with pytest.raises(ConfigError, match="finite"):
        spiking().parasim.plot.raster(threshold=np.inf)


def test_kinds_of_pictures_suit_the_run():
    assert suitable(dataset(x=np.arange(9.0))) == ("series",)
    assert suitable(dataset(x=np.arange(9.0), y=np.ones(9))) == ("series", "phase")
    assert suitable(spiking()) == ("raster", "series")
    field = dataset(x=(("time", "site"), np.ones((5, 30))))
    assert suitable(field) == ("space-time", "series")
    grown = run([1.0, 2, np.nan, 4], [3, 4, 5, 8])
    assert suitable(grown)[-1] == "growth"
    assert suitable(run([1.0, np.nan, np.nan, np.nan], [3, 4, 5, 8]))[-1] != "growth"


def test_a_picture_of_everything_has_each_suitable_kind():
    made = dataset(x=np.arange(9.0), y=np.ones(9), z=np.zeros(9))
    figure = made.parasim.plot(title="a title")
    labels = [(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes]
    assert labels[:3] == [("", "x (mV)"), ("", "y (mV)"), ("model time (ms)", "z (mV)")]
    assert labels[3] == ("potential (mV)", "potential (mV)")
    assert figure.get_suptitle() == "a title"
    assert not pyplot.get_fignums()


def test_a_part_of_time_is_drawn_and_all_of_it():
    made = dataset(x=np.arange(10_000.0), y=np.ones(10_000)).chunk(time=100)
    (ax,) = made.parasim.plot("series", ["x"], t0=100, t1=200).axes
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), np.arange(1000, 2001))
    (ax,) = made.parasim.plot("phase", t0=500.05).axes
    assert ax.lines[0].get_xdata()[0] == 5001
    with pytest.raises(ConfigError, match=r"the times are between 0 and 999\.9"):
        made.parasim.plot("series", t0=1000)


def test_long_fields_and_portraits_show_their_end_unless_told_which_part():
    values = np.arange(2_500.0)[:, None] + np.arange(3)
    made = dataset(x=(("time", "site"), values), y=np.arange(2_500.0))
    ax = made.parasim.plot("space-time").axes[0]
    assert ax.collections[0].get_array().shape == (3, 1000)
    assert ax.get_title(loc="left") == "the last 1,000 of 2,500 values"
    ax = made.parasim.plot("space-time", t0=0).axes[0]
    assert ax.collections[0].get_array().shape == (3, 834)
    assert ax.get_title(loc="left") == "1 value in 3"


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"kind": "serie"}, "did you mean 'series'"),
        ({"variables": ["v", "u"]}, "no variable 'u'"),
        ({"kind": "phase", "variables": ["v"]}, "needs two variables"),
        ({"kind": "phase", "variables": ["v", "v"]}, "a straight line"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, remedy):
    with pytest.raises(ConfigError, match=remedy):
        ensemble().parasim.plot(**options)


def test_some_members_and_places():
    made = ensemble()
    assert selected(made, {"member": [2, 0]})["member"].values.tolist() == [2, 0]
    np.testing.assert_array_equal(selected(made, {"site": [1]})["v"], made["v"][:, :, [1]])
    for places, remedy in [({"mebmer": [0]}, "'member'"), ({"site": [2]}, "0 to 1"),
                           ({"member": ["a"]}, "has numbers")]:  # fmt: skip
        with pytest.raises(ConfigError, match=remedy):
            selected(made, places)


def test_a_picture_for_html_takes_the_colour_of_the_text():
    svg = inline_svg(ensemble().parasim.plot("series", ["w"]))
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert "#262626" not in svg
    assert "date" not in svg


def test_of_very_many_spikes_the_last_are_drawn():
    values = np.tile([-1.0, 1.0], 25_000)
    ax = dataset(step=1.0, v=values).parasim.plot.raster()
    assert len(ax.collections[0].get_segments()) == 20_000
    assert ax.get_title(loc="left") == ("25,000 spikes: v passing 0 mV; the last 20,000 of them")
    assert ax.get_xlim() == (10_000.5, 49_999)


MEMORY = """
import sys
from pathlib import Path
import dask.array as da, numpy as np, xarray as xr
import parasim.analyses
from parasim.analyses.pictures import save_picture

rows = 10**8
chunks = {"chunks": 2**21}
time = xr.Coordinates({"time": ("time", da.arange(rows, **chunks) * 0.01)}, indexes={})
waves = {name: ("time", da.arange(rows, **chunks) % period * 1.0)
         for name, period in (("v", 1000), ("w", 700))}
made = xr.Dataset(waves).assign_coords(time)
for kind in ("series", "phase"):
    save_picture(made.parasim.plot(kind), sys.argv[1])
# Not ru_maxrss, in which the memory of the process that started this one counts.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(1024 * int(status["VmHWM"].split()[0]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_a_store_larger_than_the_memory_that_is_used(tmp_path):
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "p.png")]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peak < 2**30  # of 2.4e9 bytes
