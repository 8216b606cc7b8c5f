"""What every analysis must fulfil: the same result whatever the chunks, and no side effects."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr

from parasim.plugins._registry import load

_CHUNKS: Mapping[str, Any] = {
    "one": {},
    "time": {"time": 50},
    "uneven": {"time": (1, 60, 3, 90, 46), "site": 1},
    "members": {"time": 64, "member": 1},
}


class AnalysisTests:
    """Tests of an analysis: a function of a dataset, and options by name.

    Attributes:
        name: of the analysis, as it is installed.
        options: that it is called with.
        tolerance: by how much chunks may change a result, relative: sums in another order are
            rounded otherwise.
    """

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    tolerance: ClassVar[float] = 1e-12

    @pytest.fixture
    def analysis(self) -> Any:
        """Return the function under test, with its options."""
        function = load("analyses", self.name)
        return lambda dataset: function(dataset, **self.options)

    @pytest.fixture
    def dataset(self) -> xr.Dataset:
        """Return data like those of a run with members and sites; override it for others."""
        return ensemble()

    @pytest.mark.parametrize("chunks", _CHUNKS.values(), ids=_CHUNKS)
    def test_chunks_do_not_change_the_result_and_dask_is_numpy(self, analysis, dataset, chunks):
        expected = analysis(dataset).compute()
        result = analysis(dataset.chunk(chunks)).compute()
        xr.testing.assert_allclose(result, expected, rtol=self.tolerance, atol=self.tolerance)
        assert {name: v.dims for name, v in result.items()} == {
            name: v.dims for name, v in expected.items()
        }

    def test_it_returns_a_dataset_that_can_be_saved(self, analysis, dataset, tmp_path):
        result = analysis(dataset)
        assert isinstance(result, xr.Dataset)
        result.to_zarr(tmp_path / "result.zarr", zarr_format=2)
        with xr.open_zarr(tmp_path / "result.zarr") as read:
            xr.testing.assert_allclose(read.compute(), result.compute())

    def test_what_it_is_given_is_left_alone(self, analysis, dataset):
        before = dataset.copy(deep=True)
        analysis(dataset).compute()
        xr.testing.assert_identical(dataset, before)

    def test_float32_is_close_to_float64(self, analysis, dataset):
        single = dataset.map(lambda v: v.astype("float32"), keep_attrs=True)
        result, expected = analysis(single).compute(), analysis(single.astype("float64")).compute()
        xr.testing.assert_allclose(result, expected, rtol=2e-5, atol=1e-4)


def ensemble(rows: int = 200, members: int = 3, sites: int = 2) -> xr.Dataset:
    """Make noise along member, time and site, as a run's dataset would have it."""
    rng = np.random.default_rng(0)
    attributes = {"units": "mV", "long_name": "potential"}
    noise = rng.standard_normal((members, rows, sites))
    walk = np.cumsum(rng.standard_normal((members, rows)), axis=1)
    return xr.Dataset(
        {
            "v": (("member", "time", "site"), noise, attributes),
            "w": (("member", "time"), walk, attributes),
        },
        coords={
            "time": ("time", 0.1 * np.arange(rows), {"units": "ms", "long_name": "model time"}),
            "member": np.arange(members),
        },
        attrs={"title": "noise"},
    )
