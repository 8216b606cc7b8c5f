"""The site of the documents builds without a warning, and its pictures are true to the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = re.compile(r"\b(?:[A-Z][a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:_[a-z0-9]+)+)\b")


def test_the_site_builds_and_has_the_docstrings(tmp_path):
    pytest.importorskip("mkdocs")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    solver = (tmp_path / "reference" / "solver" / "index.html").read_text()
    assert "Integrates whole windows of time steps at once" in solver
    commands = (tmp_path / "reference" / "commands" / "index.html").read_text()
    assert "Go on with the run of a STORE" in commands


def test_the_pages_fetch_nothing_from_elsewhere():
    """What a page needs is in the site, so that it can be read offline."""
    config = (ROOT / "mkdocs.yml").read_text()
    assert "font: false" in config
    assert "extra_javascript" not in config
    assert "extra_css" not in config


def test_what_the_pictures_of_the_architecture_name_exists():
    text = (ROOT / "docs" / "architecture.md").read_text()
    pictures = "".join(re.findall(r"```text\n(.*?)```", text, re.DOTALL))
    source = "\n".join(path.read_text() for path in (ROOT / "parasim").rglob("*.py"))
    named = set(NAMES.findall(pictures))
    assert len(named) > 20
    missing = sorted(name for name in named if not re.search(rf"\b{name}\b", source))
    assert not missing


def test_every_picture_of_the_gallery_is_there_and_made_by_the_lines_above_it():
    docs = ROOT / "docs"
    page = (docs / "gallery.md").read_text(encoding="utf-8")
    pictures = {
        match[1]: match.start() for match in re.finditer(r"\]\((figures/[\w/-]+\.png)\)", page)
    }
    assert len(pictures) >= 10
    scripts = "".join(path.read_text() for path in (ROOT / "examples").glob("*_pipeline.py"))
    for name, place in pictures.items():
        assert (docs / name).stat().st_size < 200_000, name
        assert Path(name).name in page[:place] or f'"{Path(name).name}"' in scripts, name
    kept = {f"figures/gallery/{path.name}" for path in (docs / "figures" / "gallery").iterdir()}
    assert kept <= set(pictures)
