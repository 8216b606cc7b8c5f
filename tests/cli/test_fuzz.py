"""Whatever is typed or written in a run file: a documented exit code, never a traceback.

The integration itself is replaced, so that what is accepted takes no time; all checks before it,
and what reads stores, are the real ones.
"""

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given

import parasim as package
from tests.cli.fuzzing import (
    DOCUMENTED,
    command_lines,
    fuzzed,
    outcome,
    run_files,
    tree,
    with_examples,
)

OUTPUTS = {
    f".{end}"
    for end in [
        "html",
        "htm",
        "nc",
        "zarr",
        "avif",
        "eps",
        "gif",
        "jpeg",
        "jpg",
        "pdf",
        "pgf",
        "png",
        "ps",
        "raw",
        "rgba",
        "svg",
        "svgz",
        "tif",
        "tiff",
        "webp",
    ]
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with a run, and with what is none."""
    made = tmp_path_factory.mktemp("fuzz")
    with_examples(made)
    with contextlib.chdir(made):
        yield made


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_integrated():
    """Replace what computes; a run that is accepted writes nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("run_plan", "run_into", "resume_plan"):
            patch.setattr(f"parasim.simulation.{name}", lambda *_, **__: None, raising=False)

        class _Compiled:
            memory = 1000

        patch.setattr("parasim.simulation.compile_plan", lambda *_: _Compiled())
        for name in ("plan_exponents", "calibrate_system", "bench", "compare"):
            patch.setattr(f"parasim.simulation.{name}", _accepted, raising=False)
        yield


def _accepted(*_, **__):
    raise package.SolverError("accepted")


def check(folder: Path, arguments: list[str]) -> None:
    before = tree(folder)
    try:
        assert outcome(arguments) in DOCUMENTED
        after = tree(folder)
        new = {name for name, state in after.items() if before.get(name) != state}
        assert set(before) <= set(after)
        for name in new:
            top = name.split("/")[0]
            assert Path(top).suffix.lower() in OUTPUTS, name
            assert not top.startswith("."), name
            assert top not in ("s.zarr", "foreign.zarr"), name
    finally:
        for path in folder.iterdir():
            if path.name not in {name.split("/")[0] for name in before} | {"folder"}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@given(arguments=command_lines)
@fuzzed(50)
def test_fifty_command_lines(folder, arguments):
    check(folder, arguments)


@given(text=run_files())
@fuzzed(50)
def test_fifty_run_files(folder, text):
    check_file(folder, text)


def check_file(folder: Path, text: str) -> None:
    (folder / "fuzzed.toml").write_text(text, encoding="utf-8")
    check(folder, ["run", "fuzzed.toml"])


@pytest.mark.slow
@given(arguments=command_lines)
@fuzzed(1200)
def test_many_command_lines(folder, arguments):
    check(folder, arguments)


@pytest.mark.slow
@given(text=run_files())
@fuzzed(350)
def test_many_run_files(folder, text):
    check_file(folder, text)
