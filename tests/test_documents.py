"""Every block of code in the documents runs; those of a file in order, in a folder of their own.

In Python blocks a file's names live on from block to block. Of shell blocks the lines that begin
with `parasim` are run; targets of `make` and files given to `python` must exist. What a `console`
block shows below a command must be said, numbers aside; `...` stands for what is left out. The
folder has a copy of examples, so that paths look as they do from the root of the repository.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
)
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

SLOW = {
    "analyses.md",
    "climate-pipeline.md",
    "gallery.md",
    "neuro-pipeline.md",
    "own-model.md",
    "plugins.md",
    "predictability.md",
    "stores.md",
    "tutorial.md",
}

_FENCE = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_SHELLS = {"sh", "bash", "shell", "console"}
_PROMPT = "$ "
_RUNNER = """\
import re, subprocess
names = {"__name__": "__main__"}
def masked(line):
    line = re.sub(r"[0-9][0-9,.]*( (ms|s|kB|MB)\\b)?", "#", line)
    return " ".join(line.split())
for language, source, where in blocks:
    print(f"--- {where}", flush=True)
    if language == "python":
        exec(compile(source, where, "exec"), names)
    elif language == "sh":
        subprocess.run(source, shell=True, check=True)
    else:
        command, _, shown = source.partition("\\n")
        done = subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE, text=True)
        said = iter(map(masked, done.stdout.splitlines()))
        for line in map(masked, shown.splitlines()):
            if line != "..." and line not in said:
                raise SystemExit(f"{command} does not say {line!r}, or not there:\\n{done.stdout}")
"""


class Block(NamedTuple):
    """A fenced block: its line in the document, its language, its text without indentation."""

    line: int
    language: str
    text: str


def blocks_of(document: str) -> list[Block]:
    return [
        Block(
            document.count("\n", 0, match.start()) + 1,
            match[2].lower(),
            re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE),
        )
        for match in _FENCE.finditer(document)
    ]


def shell_lines(block: Block) -> list[str]:
    """Return the commands of a shell block; where there are prompts, the rest is output."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console" or any(line.startswith(_PROMPT) for line in lines):
        lines = [line for line in lines if line.startswith(_PROMPT)]
    return [line.removeprefix(_PROMPT).strip() for line in lines]


def all_shell_lines(document: str) -> list[str]:
    return [
        line
        for block in blocks_of(document)
        if block.language in _SHELLS
        for line in shell_lines(block)
    ]


def steps_of(document: str, name: str) -> list[tuple[str, str, str]]:
    """Return what is run, in order: language, source, and where it stands."""
    steps = []
    for block in blocks_of(document):
        where = f"{name}, block at line {block.line}"
        if block.language == "python":
            steps.append(("python", block.text, where))
        elif block.language == "console":
            said = re.split(r"^\$ (?=parasim )", block.text, flags=re.MULTILINE)
            steps += [("console", part, where) for part in said if part.startswith("parasim ")]
        elif block.language in _SHELLS:
            commands = [line for line in shell_lines(block) if line.split()[:1] == ["parasim"]]
            steps += [("sh", command, where) for command in commands]
    return steps


def run_document(document: str, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"blocks = {steps_of(document, name)!r}\n{_RUNNER}"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=os.environ | {"PATH": path, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path.name in SLOW else ()) for path in DOCUMENTS],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_blocks_run(path, tmp_path):
    document = path.read_text(encoding="utf-8")
    if not steps_of(document, path.name):
        return
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    finished = run_document(document, path.name, tmp_path)
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_make_and_python_are_given_exists(path):
    document = path.read_text(encoding="utf-8")
    inline = re.findall(r"`((?:make|python) [^`\n]+)`", document)
    for line in all_shell_lines(document) + inline:
        program, *words = shlex.split(line, comments=True) or [""]
        if program == "make":
            targets = {word for word in words if "=" not in word and not word.startswith("-")}
            assert targets <= TARGETS, f"{line}: the Makefile has {sorted(TARGETS)}"
        elif program == "python" and words[:1] and words[0].endswith(".py"):
            assert (ROOT / words[0]).is_file(), line


def test_the_readme_shows_the_solver_and_the_command_line():
    steps = steps_of((ROOT / "README.md").read_text(encoding="utf-8"), "README.md")
    assert any(kind == "python" and "ParallelNewton" in source for kind, source, _ in steps)
    assert any(kind == "sh" and source.startswith("parasim run ") for kind, source, _ in steps)


def test_names_live_on_and_a_block_that_raises_is_found(tmp_path):
    fine = "```python\nx = 1\n```\n\n1. Then\n   ```python\n   assert x == 1\n   ```\n"
    assert run_document(fine, "fine", tmp_path).returncode == 0
    finished = run_document(fine + "```python\nx / 0\n```\n", "wrong", tmp_path)
    assert finished.returncode != 0
    assert "wrong, block at line 9" in finished.stderr


def test_shell_lines_run_and_one_that_fails_is_found(tmp_path):
    fine = "```console\n$ parasim --version | tee version.txt\nparasim 0.0.0\n```\n"
    assert run_document(fine, "fine", tmp_path).returncode == 0
    assert (tmp_path / "version.txt").read_text().startswith("parasim ")
    other = fine.replace("parasim 0", "parasim, version 0")
    finished = run_document(other, "other", tmp_path)
    assert finished.returncode != 0
    assert "does not say 'parasim, version #'" in finished.stderr
    wrong = (
        "```sh\nmake demo\n# nothing of that name\nparasim run \\\n  lorenz36 --t1 1 --dt 1\n```"
    )
    finished = run_document(wrong, "wrong", tmp_path)
    assert finished.returncode != 0
    assert "lorenz36" in finished.stderr
