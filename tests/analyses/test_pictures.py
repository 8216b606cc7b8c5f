"""Pictures that depend on what is drawn: recurrences, fields, phases, the order of variables."""

import json

import numpy as np
import pytest
from matplotlib.ticker import MaxNLocator

from parasim import ConfigError
from parasim.analyses.pictures import suitable
from parasim.analyses.pictures._phase import phase_variables
from parasim.analyses.pictures._selection import state_variables
from tests.analyses.series import dataset
from tests.analyses.test_growth import run


def declared(*names, **variables):
    """Make a dataset whose system declares its variables in some order."""
    return dataset(**variables).assign_attrs(state_variables=json.dumps(names))


def test_variables_are_in_the_order_of_the_system():
    values = np.arange(9.0)
    made = declared("v", "m", "spikes", a=values, m=values, v=values, spikes=values)
    assert state_variables(made) == ("v", "m", "spikes", "a")
    assert phase_variables(made) == ("v", "a")
    assert phase_variables(made[["v", "spikes"]]) is None
    figure = made.parasim.plot("series")
    assert [ax.get_ylabel()[:1] for ax in figure.axes] == ["v", "m", "s", "a"]


@pytest.mark.parametrize("foreign", ["x and y", "3", ["x"], 7])
def test_an_attribute_of_somebody_elses_is_no_order(foreign):
    made = dataset(y=np.arange(3.0), x=np.arange(3.0)).assign_attrs(state_variables=foreign)
    assert state_variables(made) == ("x", "y")


def test_recurrences_and_what_stays_are_drawn_as_points():
    wave = np.sin(np.arange(90.0))
    flow = dataset(x=wave, y=np.cos(wave))
    assert flow.parasim.plot.phase_portrait("x", "y").lines[0].get_linestyle() == "-"
    recurrence = dataset(unit="step", x=wave, y=np.cos(wave))
    (line,) = recurrence.parasim.plot.phase_portrait("x", "y").lines
    assert (line.get_linestyle(), line.get_marker()) == ("None", ".")
    assert recurrence.parasim.plot.time_series("x").lines[0].get_marker() == "."
    resting = dataset(x=np.zeros(9), y=np.ones(9)).parasim.plot.phase_portrait("x", "y")
    assert resting.lines[0].get_marker() == "."


def test_a_map_shows_the_last_state_in_two_dimensions():
    field = np.arange(60.0).reshape(3, 4, 5)
    made = dataset(q=(("time", "y", "x"), field), z=np.arange(3.0))
    (ax, bar) = made.parasim.plot("map").axes
    np.testing.assert_array_equal(ax.collections[0].get_array(), field[-1])
    assert ax.get_title(loc="left") == "at t = 0.2 ms"
    assert (ax.get_xlabel(), ax.get_ylabel(), bar.get_ylabel()) == ("x", "y", "potential (mV)")
    assert isinstance(ax.xaxis.get_major_locator(), MaxNLocator)
    assert made.parasim.plot.map("q").get_title(loc="left") == ax.get_title(loc="left")
    (ax, _) = made.parasim.plot("map", t1=0.1).axes
    np.testing.assert_array_equal(ax.collections[0].get_array(), field[1])
    assert "map" in suitable(made)
    with pytest.raises(ConfigError, match="two dimensions in space"):
        made.parasim.plot("map", ["z"])


def test_phases_that_turn_are_drawn_modulo_one_turn():
    phases = np.linspace(0, 40, 50)[:, None] * np.ones(9)
    made = dataset(theta=(("time", "site"), phases))
    made["theta"].attrs["units"] = "rad"
    ax, bar = made.parasim.plot("space-time").axes
    np.testing.assert_allclose(ax.collections[0].get_array(), phases.T % (2 * np.pi))
    assert bar.get_ylabel().endswith("modulo 2π")
    assert ax.collections[0].get_clim() == (0, 2 * np.pi)


def test_two_fields_are_drawn_in_the_order_of_the_system():
    slow, fast = np.ones((5, 9)), np.ones((5, 36))
    made = declared("x", "b", x=(("time", "site"), slow), b=(("time", "fast_site"), fast))
    axes = made.parasim.plot().axes
    assert [ax.get_ylabel() for ax in axes[::2]] == ["site", "fast site"]


def test_a_much_shorter_last_window_does_not_set_the_scale_of_growth():
    low, high = run([1.0, 2, 1, -50], [10, 20, 30, 30.5]).parasim.plot.growth().get_ylim()
    assert -1 < low < 0
    assert 2 < high < 3
    assert run([1.0, 2, 1, -50], [10, 20, 30, 40]).parasim.plot.growth().get_ylim()[0] < -50
