"""Reading the windows of a store."""

import json

import numpy as np
import pytest
import xarray as xr

from parasim import StoreError
from parasim.io import Field, Layout, StoreWriter, create_store, read_windows
from parasim.io._create import MARK

FIELDS = (
    Field("x"),
    Field("window_time", along="window", attributes={"units": "year"}, per_member=False),
    Field("cost", along="window"),
    Field("reason", along="window", attributes={"flag_meanings": "asked_for too_slow"}),
)
ATTRIBUTES = {"status": "running", "configuration": json.dumps({"t0": 1.0}), MARK: 1}


def make(path, fields=FIELDS, windows=3, members=None, **rows):
    layout = Layout(fields, 0.0, 1.0, rows=4, windows=windows, members=members)
    with StoreWriter(create_store(path, layout, ATTRIBUTES), layout) as writer:
        writer.put({name: np.asarray(value, float) for name, value in rows.items()})


def test_windows_have_a_member_axis_and_decoded_attributes(tmp_path):
    ends = [1, 2, 3]
    make(tmp_path / "one", x=np.zeros(4), window_time=ends, cost=[4, 5, 6], reason=[0, 1, 1])
    one = read_windows(tmp_path / "one")
    assert len(one) == 3
    assert one.status == "complete"
    assert one.time_unit == "year"
    assert one.attributes["configuration"]["t0"] == 1
    assert one.reasons == ("asked for", "too slow")
    np.testing.assert_array_equal(one.values["cost"], [[4, 5, 6]])
    two = np.array([[4, 5, 6], [7, 8, 9]])
    make(
        tmp_path / "two", members=2, x=np.zeros((2, 4)), window_time=ends, cost=two, reason=0 * two
    )
    np.testing.assert_array_equal(read_windows(tmp_path / "two").values["cost"], two)


def test_windows_that_are_not_there_yet_are_left_out(tmp_path):
    ends = [1, 2, np.nan]
    make(tmp_path / "s", x=np.zeros(4), window_time=ends, cost=[4, 5, np.nan], reason=[0, 1, -1])
    windows = read_windows(tmp_path / "s")
    assert len(windows) == 2
    np.testing.assert_array_equal(windows.values["cost"], [[4, 5]])


def test_a_name_that_is_nearly_right_is_named(tmp_path):
    make(tmp_path / "lorenz.zarr", x=np.zeros(4))
    with pytest.raises(StoreError, match=r"did you mean '.*lorenz\.zarr'"):
        read_windows(tmp_path / "lorentz.zarr")
    with pytest.raises(StoreError, match="check the path"):
        read_windows(tmp_path / "no" / "such" / "folder")


def test_a_store_of_an_older_version_says_what_can_be_done(tmp_path):
    fields = tuple(f for f in FIELDS if f.name != "cost")
    make(tmp_path / "old", fields, x=np.zeros(4))
    with pytest.raises(StoreError, match=r"older parasim.*xarray\.open_zarr"):
        read_windows(tmp_path / "old")
    assert "x" in xr.open_zarr(tmp_path / "old")
