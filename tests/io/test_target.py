"""Where a store can be made: what is in the way is not touched."""

import warnings

import pytest
import xarray as xr

from parasim._errors import ConfigError, StoreError
from parasim.io import check_target


def test_a_zarr_group_of_another_program_is_never_replaced(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        xr.Dataset({"precious": 1}).to_zarr(tmp_path / "s.zarr", zarr_format=3)
    with pytest.raises(StoreError, match=r"not written by parasim.*another path"):
        check_target(tmp_path / "s.zarr", overwrite=True)
    assert "precious" in xr.open_zarr(tmp_path / "s.zarr")


@pytest.mark.parametrize("path", [3, None, b"s.zarr", "", "a\0.zarr"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ConfigError, match=r"must be a path such as 'run\.zarr'"):
        check_target(path)


def test_what_is_no_store_is_never_deleted(tmp_path):
    precious = tmp_path / "folder" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("results")
    for target in (precious, precious.parent):
        with pytest.raises(StoreError, match=r"no zarr store.*another path"):
            check_target(target, overwrite=True)
    assert precious.read_text() == "results"


def test_a_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file is a file; choose another path"):
        check_target(tmp_path / "file" / "s.zarr")


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(StoreError, match="too long; choose another path"):
        check_target(tmp_path / ("x" * 250))
