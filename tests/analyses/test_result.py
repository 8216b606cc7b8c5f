"""Results are written whole or not at all."""

import json

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from parasim import ConfigError, StoreError
from parasim.analyses import climatology, running_mean
from parasim.analyses._result import check_result, with_history, write_result
from tests.analyses.series import ensemble


def result(**arguments):
    arguments = {"length": 5} | arguments
    made = ensemble().chunk(time=(1, 60, 3, 90, 46))
    return with_history(running_mean(made, **arguments), "s.zarr", "running_mean", arguments)


def opened(path):
    return xr.open_zarr(path) if path.suffix == ".zarr" else xr.open_dataset(path)


def broken():
    """Return a dataset of which a chunk cannot be computed."""

    def fail(block, block_id):
        if block_id[0] == 2:
            raise OSError("No space left on device")
        return block

    values = da.zeros(40, chunks=10).map_blocks(fail, dtype=float)
    return xr.Dataset({"x": ("time", values)}, attrs={"analysis": "x"})


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
def test_what_is_written_is_what_is_read(tmp_path, suffix):
    path = tmp_path / f"result{suffix}"
    expected = result()
    write_result(expected, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    with opened(path) as read:
        xr.testing.assert_identical(read.compute(), expected.compute())


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
def test_what_fails_leaves_nothing_and_what_was_there(tmp_path, suffix):
    path = tmp_path / f"result{suffix}"
    for _ in range(2):
        with pytest.raises(StoreError, match=r"cannot write .*No space left"):
            write_result(broken(), path, overwrite=True)
        before = sorted(tmp_path.iterdir())
        assert before in ([], [path])
        write_result(result(), path, overwrite=True)
    with opened(path) as read:
        assert read.sizes["time"] == 200


def test_overwriting_replaces_all_of_it(tmp_path):
    path = tmp_path / "r.zarr"
    write_result(result(), path)
    with pytest.raises(StoreError, match=r"already exists: .*--overwrite"):
        write_result(result(), path)
    write_result(result(length=7, variables="w"), path, overwrite=True)
    read = xr.open_zarr(path)
    assert list(read.data_vars) == ["w"]
    assert json.loads(read.attrs["analysis_arguments"]) == {"length": 7, "variables": "w"}
    assert [p.name for p in tmp_path.iterdir()] == ["r.zarr"]


def test_history_grows_line_by_line_and_the_mark_of_a_run_goes():
    first = with_history(ensemble().assign_attrs(parasim_store=1), "s.zarr", "a", {"b": 1})
    assert "parasim_store" not in first.attrs
    assert first.attrs["title"] == "a test"
    lines = with_history(first, "r.zarr", "c", {}).attrs["history"].splitlines()
    assert lines[0].endswith("a(b=1) of s.zarr")
    assert lines[1].endswith("c() of r.zarr")


def test_dates_and_seasons_are_written(tmp_path):
    made = ensemble()
    times = np.datetime64("2001-01-01", "ns") + np.arange(200) * np.timedelta64(2, "D")
    dated = made.assign_coords(time=times).chunk(time=50)
    write_result(climatology(dated, calendar="season"), tmp_path / "c.nc")
    write_result(running_mean(dated, length=3), tmp_path / "r.zarr")
    with xr.open_dataset(tmp_path / "c.nc") as read:
        assert set(read["season"].values) == {"DJF", "MAM", "JJA", "SON"}
    np.testing.assert_array_equal(xr.open_zarr(tmp_path / "r.zarr")["time"], times)


def test_what_cannot_be_written_is_refused_before(tmp_path, monkeypatch):
    (tmp_path / "folder.zarr").mkdir()
    with pytest.raises(ConfigError, match="must end in"):
        check_result(tmp_path / "result.csv")
    with pytest.raises(StoreError, match="never replaced"):
        check_result(tmp_path / "folder.zarr", overwrite=True)
    ensemble().to_zarr(tmp_path / "foreign.zarr", consolidated=False)
    with pytest.raises(StoreError, match="not written by `parasim analyze`"):
        check_result(tmp_path / "foreign.zarr", overwrite=True)
    with pytest.raises(StoreError, match="choose another"):
        check_result(tmp_path / "nowhere" / "r.zarr")
    monkeypatch.setattr("parasim.analyses._result.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'parasim\[netcdf\]'"):
        check_result(tmp_path / "r.nc")
