"""Recurrence against cycles and against all pairs."""

import numpy as np
import pytest

from parasim import ConfigError
from parasim.analyses import _recurrence, recurrence
from tests.analyses.series import dataset, ensemble, with_gap


def test_a_cycle_comes_back_after_its_period():
    angle = 2 * np.pi * np.arange(40) / 10
    result = recurrence(dataset(x=np.cos(angle), y=np.sin(angle)), radius=0.1)
    place = np.arange(40)
    expected = (place[:, None] - place) % 10 == 0
    np.testing.assert_array_equal(result["recurrence"], expected)
    assert float(result["recurrence_rate"]) == pytest.approx(40 * 3 / (40 * 39))
    assert result["recurrence"].dims == ("time", "other_time")


@pytest.mark.parametrize(("metric", "order"), [("euclidean", 2), ("maximum", np.inf)])
def test_it_is_the_distance_of_all_pairs(metric, order, monkeypatch):
    monkeypatch.setattr(_recurrence, "_BLOCK", 500)
    made = ensemble()
    result = recurrence(made, radius=1.2, every=3, metric=metric, dims="site")
    for member in range(3):
        state = np.column_stack([made["v"][member], made["w"][member]])[::3]
        distance = np.linalg.norm(state[:, None] - state, ord=order, axis=-1)
        np.testing.assert_array_equal(result["recurrence"][member], distance <= 1.2)
    assert result.sizes["time"] == 67
    np.testing.assert_array_equal(result["other_time"], made["time"][::3])


def test_a_gap_is_neither_near_nor_far():
    result = recurrence(with_gap(ensemble()), radius=1.0, dims="site")
    unknown = result["recurrence"] == -1
    assert int(unknown.sum()) == 2 * 200 - 1
    assert np.isnan(result["recurrence_rate"]).values.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"radius": 0}, "positive number"),
        ({"radius": 1, "metric": "euclid"}, "did you mean 'euclidean'"),
        ({"radius": 1}, "which of the dimensions site a state has, such as dims='site'"),
        ({"radius": 1, "dims": "sites"}, "did you mean 'site'"),
        ({"radius": 1, "dims": "site", "every": 201}, "more than the 200"),
        ({"radius": 1, "dims": "site", "every": 200}, "one state only"),
    ],
)
def test_what_cannot_be_done_is_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        recurrence(ensemble(), **options)


def test_a_matrix_that_cannot_fit_is_refused_with_what_would(monkeypatch):
    made = dataset(x=np.zeros(100_000))
    with pytest.raises(ConfigError, match=r"100,000 x 100,000 .* 9 GiB: .* every=4"):
        recurrence(made, radius=1)
    monkeypatch.setattr(_recurrence, "_LARGEST", 10**4)
    with pytest.raises(ConfigError, match=r"3 matrices of 100 x 100 .* every=4"):
        recurrence(ensemble(), radius=1, every=2, dims="site")
    assert recurrence(ensemble(), radius=1, every=4, dims="site").sizes["time"] == 50
