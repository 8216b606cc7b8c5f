"""Reading the windows of a store."""

import json

import numpy as np

from parasim.io import Field, StoreSession, read_windows
from tests.stores import layout

FIELDS = (
    Field("x"),
    Field("cost", along="window"),
    Field("reason", along="window", attributes={"flag_meanings": "asked_for too_slow"}),
)
ATTRIBUTES = {"configuration": json.dumps({"t0": 1.0})}


def make(path, values, **changes):
    plan = layout(fields=FIELDS, rows=4, window_ends=np.array([1.0, 2, 3]), **changes)
    with StoreSession.create(path, plan, ATTRIBUTES) as session, session.writer() as writer:
        writer.put({name: np.asarray(value, float) for name, value in values.items()})


def test_windows_have_an_axis_of_runs_and_decoded_attributes(tmp_path):
    make(tmp_path / "one", {"x": np.zeros(4), "cost": [4, 5, 6], "reason": [0, 1, 1]})
    one = read_windows(tmp_path / "one")
    assert len(one) == 3
    assert one.status == "complete"
    assert one.time_unit == "year"
    assert one.attributes["configuration"]["t0"] == 1
    assert one.reasons == ("asked for", "too slow")
    np.testing.assert_array_equal(one.values["cost"], [[4, 5, 6]])
    two = np.array([[4, 5, 6], [7, 8, 9]])
    values = {"x": np.zeros((2, 4)), "cost": two, "reason": 0 * two}
    make(tmp_path / "two", values, axes={"member": 2}, block=(2,))
    np.testing.assert_array_equal(read_windows(tmp_path / "two").values["cost"], two)


def test_windows_that_are_not_there_yet_are_left_out(tmp_path):
    make(tmp_path / "s", {"x": np.zeros(4), "cost": [4, 5], "reason": [0, 1]})
    windows = read_windows(tmp_path / "s")
    assert len(windows) == 2
    np.testing.assert_array_equal(windows.values["cost"], [[4, 5]])
