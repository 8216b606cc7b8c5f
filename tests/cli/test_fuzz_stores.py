"""Whatever is typed, for real: a store is not there, or sound, and complete or to be resumed.

Short runs are integrated and written, some of them interrupted; longer ones are refused.
"""

import contextlib
import itertools
import shutil
from pathlib import Path

import equinox as eqx
import jax
import pytest
import xarray as xr
from hypothesis import given, strategies as st

import parasim as package
from parasim import simulation
from parasim.io import open_run, verify_store
from parasim.io._root import is_ours
from parasim.simulation import stored_attributes
from tests.cli.fuzzing import (
    DOCUMENTED,
    command_lines,
    fuzzed,
    outcome,
    run_files,
    with_examples,
    writing_lines,
)

pytestmark = pytest.mark.slow

_MOST_BYTES, _MOST_STEPS = 500_000, 3000
_PROGRAMS_KEPT = 40  # cases: Linux gives a process 65,530 memory maps
_FAILED, _INTERRUPTED = 3, 130

stops = st.one_of(st.none(), st.none(), st.integers(0, 3))


class _Stop:
    """Interrupts the next run after some reports of its progress."""

    after: int | None = None

    def __call__(self, report):
        count = itertools.count()

        def reported(progress):
            if next(count) == self.after:
                raise KeyboardInterrupt
            report(progress)

        return reported


_stop = _Stop()


def _refuse_long(plan):
    if plan.layout.nbytes > _MOST_BYTES or plan.grid.steps > _MOST_STEPS:
        raise package.SolverError("longer than a test")


def _short(function):
    """Let a function of `parasim.simulation` do what it does, if that is soon done."""

    def called(plan, *args, progress=None, workers=None, scheduler=None, **options):
        _refuse_long(plan)
        if workers is not None or scheduler is not None:
            raise package.SolverError("processes take longer than a test")
        if progress is not None:
            options["progress"] = _stop(progress)
        return function(plan, *args, **options)

    return called


def _accepted(*_, **__):
    raise package.SolverError("accepted")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Make a folder with a run, and one of the same contents to go back to."""
    kept, used = (tmp_path_factory.mktemp(name) for name in ("kept", "used"))
    with_examples(kept)
    with contextlib.chdir(used), pytest.MonkeyPatch.context() as patch:
        for name in ("run_plan", "run_into", "resume_plan", "compile_plan"):
            patch.setattr(simulation, name, _short(getattr(simulation, name)))
        for name in ("plan_exponents", "calibrate_system", "bench", "compare"):
            patch.setattr(simulation, name, _accepted, raising=False)
        yield kept, used


_cases = itertools.count(1)


def check(folders, arguments, stop, text=None):
    """Run a command line, and look at all that is there then."""
    kept, used = folders
    for path in used.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(kept, used, dirs_exist_ok=True)
    if text is not None:
        (used / "fuzzed.toml").write_text(text, encoding="utf-8")
    _stop.after = stop
    code = outcome(arguments)
    _stop.after = None
    assert code in DOCUMENTED
    stores = [path.parent for path in used.rglob("zarr.json") if _is_root(path)]
    for store in stores:
        _check_store(store, code)
    if next(_cases) % _PROGRAMS_KEPT == 0:
        eqx.clear_caches()
        jax.clear_caches()


def _is_root(file: Path) -> bool:
    return not (file.parent.parent / "zarr.json").exists()


def _check_store(store: Path, code: int) -> None:
    assert not store.name.startswith("."), "a store that was not finished being created"
    if not is_ours(store):
        with xr.open_zarr(store, chunks=None, consolidated=False) as dataset:
            dataset.load()
        return
    assert verify_store(store).sound
    attributes = stored_attributes(store)
    if attributes["status"] == "interrupted":
        assert code == _INTERRUPTED
        assert outcome(["resume", str(store), "--quiet"]) in (0, _FAILED)
        attributes = stored_attributes(store)
        assert verify_store(store).sound
    if attributes["status"] == "failed":
        assert outcome(["resume", str(store)]) == _FAILED
        return
    assert attributes["status"] == "complete"
    configuration = attributes["configuration"]
    dataset = open_run(store).load()
    steps = round((configuration["t1"] - configuration["t0"]) / configuration["dt"])
    assert dataset.sizes["time"] == steps // configuration["every"] + 1
    assert all(bool(dataset[name].notnull().all()) for name in dataset if "time" in
               dataset[name].dims)  # fmt: skip


@given(arguments=st.one_of(writing_lines(), writing_lines(), command_lines), stop=stops)
@fuzzed(300)
def test_stores_after_many_command_lines(folders, arguments, stop):
    check(folders, arguments, stop)


@given(text=run_files(2), stop=stops)
@fuzzed(150)
def test_stores_after_many_run_files(folders, text, stop):
    check(folders, ["run", "fuzzed.toml"], stop, text)
