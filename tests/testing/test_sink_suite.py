"""The suite for sinks: of the built-in ones, and that it finds what is wrong."""

import numpy as np
import pytest
import xarray as xr

from parasim.io import MemorySession
from parasim.io._sinks import MemorySink
from parasim.testing import SinkTests
from parasim.testing._sinks import _layout


class TestMemory(SinkTests):
    name = "memory"
    place = None


@pytest.mark.slow
class TestZarr(SinkTests):
    name = "zarr"


class HalfRows(MemorySink):
    """Writes one array later than the others."""

    def create(self, place, layout, attributes, *, overwrite=False):
        made = super().create(place, layout, attributes)
        return Late(layout, made)


class Late(MemorySession):
    def __init__(self, layout, session):
        self.__dict__ = session.__dict__
        self._session = session

    def writer(self, region=0):
        writer, put = super().writer(region), super().writer(region).put
        waiting = []

        def late(rows):
            put({name: block for name, block in rows.items() if name != "y"})
            if waiting:
                put({"y": waiting.pop()})
            waiting.append(rows["y"])

        writer.put = late
        return writer


def test_half_a_row_is_found():
    suite, layout = SinkTests(), _layout(members=False)
    for test in (
        suite.test_a_crash_at_any_call_leaves_whole_rows_and_no_complete_run,
        suite.test_a_reader_beside_the_run_sees_whole_rows,
    ):
        with pytest.raises(AssertionError):
            test(HalfRows(), None, layout)


class Twice(MemorySink):
    """Delivers the first row again in place of the second."""

    def read(self, place):
        made = super().read(place)
        made["x"].values[..., 1, :] = made["x"].values[..., 0, :]
        return made


def test_a_row_that_is_there_twice_is_found():
    with pytest.raises(AssertionError):
        SinkTests().test_everything_that_was_put_is_read(Twice(), None, _layout(members=False), 3)


def test_the_memory_sink_keeps_no_state_between_runs():
    first, second = MemorySink(), MemorySink()
    with first.create(None, _layout(members=False), {}):
        pass
    assert isinstance(first.read(None), xr.Dataset)
    assert np.isnan(first.read(None)["x"]).all()
    with pytest.raises(ValueError, match="nothing has been kept"):
        second.read(None)
