"""`parasim report`: one page that needs nothing else, and escapes what is in the store."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import zarr

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that what is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.said = [], set(), [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.said).split())


@pytest.fixture
def page(parasim):
    """Make a run in parallel and its page."""
    run = "run lorenz63 --out s.zarr --t1 1 --dt 0.01 --steps 16 --mode parallel --set rho=20"
    assert parasim(run + " --solver euler").exit_code == 0

    def make(change=None):
        if change:
            group = zarr.open_group("s.zarr", mode="r+")
            group.attrs.update(change(dict(group.attrs)))
        result = parasim("report s.zarr --overwrite")
        assert result.exit_code == 0, result.output
        assert result.output.startswith("s.html, ")
        return Page(Path("s.html").read_text())

    return make


def test_the_page_says_what_how_and_where_from(page):
    found = page()
    for said in (
        "complete", "dy/dt = x (rho - z) - y", "rho 20 [0, 1000] Rayleigh number", "x (time: 101)",
        "rate of convection 1", "0 to 1", "0.01", "Euler", "of 16 steps, mode parallel",
        "found in parallel 7 100%", "parallel was asked for 7", "all were found in parallel",
        "The state over time.", "One variable against another.", "How fast small differences",
        "@article{lorenz1963deterministic", "parasim.open('s.zarr')", "jaxlib",
    ):  # fmt: skip
        assert said in found.text, said


def test_the_page_needs_no_other_file_and_runs_nothing(page):
    found = page()
    assert not found.tags & {"script", "link", "iframe", "object", "embed", "base", "img"}
    for _, name, value in found.attributes:
        assert not name.startswith("on")
        if name in ("href", "xlink:href", "src"):
            assert value.startswith(("#", "data:image/png;base64,"))
    raw = Path("s.html").read_text()
    assert "@import" not in raw
    assert not re.findall(r"url\((?!#)", raw)
    assert "prefers-color-scheme: dark" in raw
    names = re.findall(r' id="([^"]+)"', raw)
    for used in re.findall(r"url\(#([^)]+)\)", raw):
        assert names.count(used) == 1


def test_what_comes_from_the_store_is_escaped(page):
    bad = '"><script>alert(1)</script>&$x^{$\x00'

    def change(attributes):
        changed = dict.fromkeys(("title", "summary", "command", "references", "bibtex"), bad)
        configuration = json.loads(attributes["configuration"])
        configuration["system"] = bad
        configuration["set"] = {bad: 1.0}
        return changed | {"configuration": json.dumps(configuration), "device": bad}

    found = page(change)
    assert "script" not in found.tags
    assert found.text.count("alert(1)") >= 6


def test_a_run_that_failed_says_so(parasim):
    run = "run lorenz63 --out s.zarr --dt 0.3 --t1 300 --steps 4 --y0 x=30 --set rho=500"
    assert parasim(run).exit_code == 3
    assert parasim("report s.zarr --quiet").output == ""
    text = Page(Path("s.html").read_text()).text
    assert "failed" in text
    assert "stopped being finite" in text


def test_dry_run_overwrite_and_what_is_no_run(parasim, tmp_path):
    assert parasim("run lorenz63 --out s.zarr --t1 1 --dt 0.01 --quiet").exit_code == 0
    result = parasim("report s.zarr --dry-run")
    assert "s.html" in result.output
    assert "Nothing was written" in result.output
    assert not Path("s.html").exists()
    (tmp_path / "r.html").write_text("precious")
    for arguments, code, said in [
        ("report s.zarr --out r.html", 4, "--overwrite"),
        ("report nothing.zarr", 4, "there is no store"),
        ("report s.zarr --out no/r.html", 2, "no folder"),
        ("report s.zarr --out r", 2, "must end in .html"),
    ]:
        result = parasim(arguments)
        assert result.exit_code == code
        assert said in result.output
    assert (tmp_path / "r.html").read_text() == "precious"
