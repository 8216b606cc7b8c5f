"""The suite for analyses: of every built-in one, and that it finds what is wrong."""

import pytest

from parasim.plugins._registry import names
from parasim.testing import AnalysisTests
from parasim.testing._analyses import ensemble

OPTIONS = {
    "autocorrelation": {"lags": 20},
    "climatology": {"period": 3.0, "bins": 4},
    "ensemble-mean": {},
    "ensemble-quantiles": {},
    "ensemble-spread": {},
    "histogram": {"bins": 8},
    "interspike-intervals": {"threshold": 1.0},
    "poincare-section": {"plane": "w", "level": 0.1},
    "power-spectrum": {"segment": 64},
    "recurrence": {"radius": 1.0, "dims": "site"},
    "return-map": {},
    "running-mean": {"length": 5},
    "spike-rate": {"threshold": 1.0, "width": 5.0},
    "spike-times": {"threshold": 1.0},
}
FAST = ("ensemble-mean",)


def test_every_built_in_analysis_has_options():
    assert set(OPTIONS) == set(names("analyses")) - {"growth-over-time"}  # it is of windows


class TestEveryAnalysis(AnalysisTests):
    @pytest.fixture(
        params=[n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in OPTIONS],
        autouse=True,
    )
    def _each(self, request):
        self.name, self.options = request.param, OPTIONS[request.param]


def by_chunk(dataset):
    """Sum within the first chunk only."""
    return dataset.isel(time=slice(dataset.chunksizes.get("time", (None,))[0])).sum("time")


def in_place(dataset):
    """Change what it was given."""
    dataset["v"].values[...] = 0
    return dataset


def test_what_depends_on_chunks_or_changes_its_input_is_found(tmp_path):
    suite = AnalysisTests()
    with pytest.raises(AssertionError):
        suite.test_chunks_do_not_change_the_result_and_dask_is_numpy(
            by_chunk, ensemble(), {"time": 50}
        )
    with pytest.raises(AssertionError):
        suite.test_what_it_is_given_is_left_alone(in_place, ensemble())
