"""What every sink must fulfil: rows once and in order, and no reader sees a part of one."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr

from parasim._errors import ParasimError, SolverError
from parasim.io import Coordinate, Field, Layout, Sink
from parasim.plugins._registry import make

_ROWS, _WINDOWS, _MEMBERS = 11, 5, 3


class SinkTests:
    """Tests of a sink.

    Attributes:
        name: of the sink, as it is installed.
        place: the name that what it writes shall have; None for one that needs no place.
    """

    name: ClassVar[str]
    place: ClassVar[str | None] = "run"

    @pytest.fixture
    def sink(self) -> Sink:
        """Return the sink under test."""
        return make("sinks", self.name)

    @pytest.fixture
    def target(self, tmp_path) -> str | None:
        """Return where it writes."""
        return None if self.place is None else str(tmp_path / self.place)

    @pytest.fixture(params=["alone", "members"])
    def layout(self, request) -> Layout:
        """Return the arrays of a run, without and with members in several regions."""
        return _layout(members=request.param == "members")

    @pytest.mark.parametrize("size", [1, 3, _ROWS])
    def test_everything_that_was_put_is_read(self, sink, target, layout, size):
        with sink.create(target, layout, {"title": "a run"}) as session:
            for region in range(len(layout.regions)):
                with session.writer(region) as writer:
                    for rows in _parts(layout, region, size):
                        writer.put(rows)
            session.annotate(history="twice")
        with sink.read(target) as read:
            for field in layout.fields:
                assert read[field.name].dims == layout.dims(field)
                assert read[field.name].dtype == field.dtype
                assert read[field.name].attrs["units"] == "mV"
                np.testing.assert_array_equal(read[field.name], _values(layout, field))
            np.testing.assert_allclose(read["time"], layout.start + 0.5 * np.arange(_ROWS))
            for coordinate in layout.coordinates:
                np.testing.assert_array_equal(read[coordinate.name], coordinate.values)
            assert read.attrs["title"] == "a run"
            assert read.attrs["history"] == "twice"
            assert read.attrs["status"] == "complete"

    def test_a_crash_at_any_call_leaves_whole_rows_and_no_complete_run(self, sink, target, layout):
        calls = sum(len(list(_parts(layout, r, 2))) for r in range(len(layout.regions)))
        for crash in range(calls):
            with pytest.raises(_Crash):
                _write_until(sink, target, layout, crash, _Crash())
            read = sink.read(target)
            assert read.attrs["status"] != "complete"
            _assert_whole_rows(read, layout)

    def test_a_reader_beside_the_run_sees_whole_rows(self, sink, target, layout):
        with sink.create(target, layout, {}) as session:
            _assert_whole_rows(sink.read(target), layout)
            for region in range(len(layout.regions)):
                with session.writer(region) as writer:
                    for rows in _parts(layout, region, 2):
                        writer.put(rows)
                        _assert_whole_rows(sink.read(target), layout)

    def test_what_was_put_before_the_run_failed_is_there(self, sink, target, layout):
        with pytest.raises(SolverError):
            _write_until(sink, target, layout, 2, SolverError("the state stopped being finite"))
        with sink.read(target) as read:
            there = read["x"].transpose("time", ...).values[:4]
            first = tuple(s.start for s in layout.regions[0])
            found = there[(slice(None), *first)] if first else there
            assert np.isfinite(found).all()
            assert read.attrs["status"] != "complete"

    def test_what_is_there_is_replaced_only_if_that_is_asked_for(self, sink, target):
        if target is None:
            pytest.skip("it keeps nothing in a place")
        short, long = (_layout(members=members) for members in (False, True))
        for layout in (short, long):
            with sink.create(target, layout, {}, overwrite=layout is long):
                pass
            with pytest.raises(ParasimError):
                sink.create(target, layout, {})
        with sink.read(target) as read:
            assert read["x"].dims == ("member", "time", "site")

    def test_the_data_may_be_used_again_after_they_were_put(self, sink, target):
        layout = _layout(members=False)
        with sink.create(target, layout, {}) as session, session.writer(0) as writer:
            for rows in _parts(layout, 0, 3):
                copies = {name: block.copy() for name, block in rows.items()}
                writer.put(copies)
                for block in copies.values():
                    block[...] = 0
        with sink.read(target) as read:
            np.testing.assert_array_equal(read["x"], _values(layout, layout.fields[0]))


class _Crash(Exception):
    """What stops a run in the middle."""


def _write_until(
    sink: Sink, target: str | None, layout: Layout, crash: int, error: Exception
) -> None:
    """Write a run that ends with an error in place of a call of `put`."""
    with sink.create(target, layout, {}, overwrite=True) as session:
        calls = 0
        for region in range(len(layout.regions)):
            with session.writer(region) as writer:
                for rows in _parts(layout, region, 2):
                    if calls == crash:
                        raise error
                    writer.put(rows)
                    calls += 1


def _assert_whole_rows(read: xr.Dataset, layout: Layout) -> None:
    """Each row is there, with its values, in all arrays along a dimension or in none."""
    with read:
        for along in ("time", "window"):
            there = []
            for field in layout.fields:
                if field.along != along:
                    continue
                values = read[field.name].values
                expected = _values(layout, field)[tuple(map(slice, values.shape))]
                missing = np.isnan(values) if field.dtype.kind == "f" else values == -1
                axes = tuple(range(layout.row_axis + 1, values.ndim))
                assert np.array_equal(missing.any(axis=axes), missing.all(axis=axes))
                np.testing.assert_array_equal(values[~missing], expected[~missing])
                there.append(~missing.all(axis=axes))
            for other in there[1:]:
                np.testing.assert_array_equal(other, there[0])


def _layout(*, members: bool) -> Layout:
    attributes = {"units": "mV", "long_name": "potential"}
    fields = (
        Field("x", dims=("site",), shape=(2,), attributes=attributes),
        Field("y", dtype=np.dtype("float32"), attributes=attributes),
        Field("rate", along="window", attributes=attributes),
        Field("mode", along="window", dtype=np.dtype("int8"), attributes=attributes),
    )
    own: dict[str, Any] = {}
    if members:
        current = Coordinate("current", "member", np.linspace(5.0, 7.0, _MEMBERS))
        own = {"axes": {"member": _MEMBERS}, "block": (2,), "coordinates": (current,)}
    return Layout(
        fields=fields, start=1.0, interval=0.5, rows=_ROWS, window_ends=np.arange(_WINDOWS) + 2.0,
        time_unit="ms", **own,
    )  # fmt: skip


def _values(layout: Layout, field: Field) -> np.ndarray:
    """Return what a field is to hold: numbers, of which none stands for nothing."""
    shape = layout.full_shape(field)
    return (np.arange(np.prod(shape)) % 100).reshape(shape).astype(field.dtype)


def _parts(layout: Layout, region: int, size: int) -> Iterator[Mapping[str, np.ndarray]]:
    """Yield the rows of a region as a run does: first a state, and then states and windows."""
    place, windows = layout.regions[region], 0
    for first in range(0, _ROWS, size):
        rows = {"time": slice(first, first + size)}
        if first:
            rows["window"] = slice(windows, windows + 1 if first + size < _ROWS else _WINDOWS)
            windows += 1
        elif size >= _ROWS:
            rows["window"] = slice(0, _WINDOWS)
        yield {
            f.name: _values(layout, f)[(*place, rows[f.along])]
            for f in layout.fields
            if f.along in rows
        }
