"""Runs into sinks that other packages bring, here the one of examples/plugin_skeleton."""

import json
from pathlib import Path

import pytest
import xarray as xr
from click.testing import CliRunner

import parasim
from parasim import BrokenPlugin, ConfigError, StoreError, UnknownPlugin, simulate
from parasim.cli import main

SKELETON = Path(__file__).parents[3] / "examples" / "plugin_skeleton"
RUN = {"t1": 2.0, "dt": 0.01, "members": 3}


@pytest.fixture(autouse=True)
def npz(installed, monkeypatch):
    monkeypatch.syspath_prepend(str(SKELETON))
    installed("skeleton", {"sinks": {"npz": "parasim_skeleton.sink:NpzSink"}}, "3.2")


@pytest.mark.slow
def test_a_run_into_a_sink_is_the_run_in_memory_and_says_who_wrote_it(tmp_path):
    written = simulate("lorenz63", store=tmp_path / "rows", sink="npz", **RUN)
    assert list((tmp_path / "rows").glob("rows-*.npz"))
    kept = simulate("lorenz63", **RUN)
    opened = parasim.open(tmp_path / "rows", sink="npz")
    for found in (written, opened):
        xr.testing.assert_equal(found, kept)
        assert found.attrs["status"] == "complete"
    components = json.loads(written.attrs["components"])
    assert [c["group"] for c in components] == ["systems", "sinks"]
    assert components[0]["distribution"] == "parasim"
    assert components[1] == {
        "group": "sinks", "name": "npz", "distribution": "skeleton", "version": "3.2"
    }  # fmt: skip


def test_what_a_run_was_asked_for_by_name_is_recorded_with_who_brought_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = "run lorenz63 --t1 1 --dt 0.1 --steps 8 --solver heun --out rows --sink NPZ"
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 0, result.output
    assert 'open it  parasim.open("rows", sink="npz")' in result.output
    written = parasim.open("rows", sink="npz")
    components = json.loads(written.attrs["components"])
    assert [(c["group"], c["name"]) for c in components] == [
        ("systems", "lorenz63"), ("integrators", "heun"), ("sinks", "npz")
    ]  # fmt: skip
    assert written.sizes["time"] == 11
    again = CliRunner().invoke(main, arguments.split())
    assert again.exit_code == 4
    assert "already exists" in again.output


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"sink": "npz", "resume": True}, ConfigError, "cannot be continued"),
        ({"sink": "npz", "workers": 2}, ConfigError, "deliver their results in a zarr store"),
        ({"sink": "memory"}, ConfigError, "has no place: leave out the store"),
        ({"sink": "nz"}, UnknownPlugin, "did you mean 'npz'"),
        ({"sink": "zarr", "store": None}, ConfigError, "needs a place"),
        ({"sink": "npz", "store": None}, ConfigError, "needs a folder"),
        ({"workers": 2, "store": None}, ConfigError, "name one with store="),
    ],
)
def test_what_a_sink_cannot_do_is_refused(tmp_path, options, error, said):
    with pytest.raises(error, match=said):
        simulate("lorenz63", **{"store": tmp_path / "rows", "t1": 0.1, "dt": 0.1} | options)
    assert not (tmp_path / "rows").exists()


SINKS = """
    from parasim.io._sinks import MemorySink

    def half():
        return object()

    class Full(MemorySink):
        def create(self, place, layout, attributes, *, overwrite=False):
            made = super().create(None, layout, attributes)
            def writer(region):
                raise OSError("no space left")
            made.writer = writer
            return made
"""


def test_a_sink_that_cannot_write_or_is_none_ends_the_run(installed, tmp_path):
    installed("bad", {"sinks": {"half": "bad_sinks:half", "full": "bad_sinks:Full"}},
              bad_sinks=SINKS)  # fmt: skip
    run = {"t1": 0.1, "dt": 0.1, "store": tmp_path / "rows"}
    with pytest.raises(BrokenPlugin, match=r"where a parasim\.io\.Sink is needed"):
        simulate("lorenz63", sink="half", **run)
    with pytest.raises(StoreError, match="the sink 'full' cannot write: no space left"):
        simulate("lorenz63", sink="full", **run)
