"""The grid t0 + n dt, and every number that makes none."""

import math

import pytest

from parasim._errors import ConfigError
from parasim.simulation.planning._grid import make_grid


def test_counts():
    grid = make_grid(1.0, 4.0, 0.01, every=7, window=64)
    assert (grid.steps, grid.rows, grid.windows, grid.tail) == (300, 43, 5, 44)
    assert grid.t1 == pytest.approx(4.0)
    assert sum(grid.saved(n, min(n + 64, 300)) for n in range(0, 300, 64)) == grid.rows - 1


@pytest.mark.parametrize(
    ("t1", "dt", "steps"), [(0.3, 0.1, 3), (40.0, 1 / 12, 480), (1e5, 1e-2, 10**7)]
)
def test_rounding_of_decimal_fractions_is_forgiven(t1, dt, steps):
    assert make_grid(0.0, t1, dt).steps == steps


@pytest.mark.parametrize(
    ("t1", "dt"), [(1e6 + 0.0009, 0.01), (1e7 + 0.0049, 0.01), (1 + 1e-5, 0.1), (1e10 + 0.02, 0.1)]
)
def test_a_time_between_two_steps_is_refused_however_long_the_run(t1, dt):
    with pytest.raises(ConfigError, match="no whole number of steps"):
        make_grid(0.0, t1, dt)


@pytest.mark.parametrize("dt", [0.1, 0.01, 0.3, 1 / 3, 1 / 12, 0.007])
@pytest.mark.parametrize("t0", [0.0, 1958.2, -1e6])
@pytest.mark.parametrize("steps", [10**6 + 1, 10**9 + 1])
def test_rounding_of_long_runs_is_forgiven(t0, dt, steps):
    assert make_grid(t0, t0 + steps * dt, dt).steps == steps


def test_a_run_shorter_than_a_window_is_one_window():
    assert make_grid(0.0, 1.0, 0.1, window=1024).window == 10


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"dt": 0.0}, "dt must be positive"),
        ({"dt": -0.1}, "dt must be positive"),
        ({"dt": math.nan}, "dt must be a finite number"),
        ({"dt": "0.1"}, "dt must be a finite number"),
        ({"t0": math.inf}, "t0 must be a finite number"),
        ({"t1": math.nan}, "t1 must be a finite number"),
        ({"t1": None}, "t1 must be a finite number"),
        ({"t1": 0.0}, r"at least t0 \+ dt = 0.1: choose a later t1"),
        ({"t1": -1.0}, r"at least t0 \+ dt = 0.1"),
        ({"t1": 0.05}, r"at least t0 \+ dt = 0.1"),
        ({"dt": 10**400}, "dt must be a finite number, not a number of more than 40 digits"),
        ({"t0": -1e308, "t1": 1e308, "dt": 1e305}, "too many steps .*: choose a larger dt"),
        ({"t1": 1.04}, "choose t1 = 1 or 1.1"),
        ({"t0": 1e17, "t1": 2e17}, "choose a larger dt"),
        ({"every": 0}, "every must be a whole number of at least 1"),
        ({"every": 1.5}, "every must be a whole number"),
        ({"every": 11}, "choose every = 10 or less"),
        ({"window": 0}, "steps must be a whole number"),
    ],
)
def test_what_makes_no_grid_is_refused_with_the_remedy(changes, remedy):
    values = {"t0": 0.0, "t1": 1.0, "dt": 0.1, "every": 1, "window": 4} | changes
    with pytest.raises(ConfigError, match=remedy):
        make_grid(values.pop("t0"), values.pop("t1"), values.pop("dt"), **values)
