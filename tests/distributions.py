"""Distributions made by hand: a `*.dist-info` folder and modules, on `sys.path` for one test."""

import sys
import textwrap

import pytest

from parasim.plugins import _registry


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return what installs a distribution: its name, entry points by group, and its modules."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)

    def install(name, entry_points, version="1.0", **modules):
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        sections = (
            f"[parasim.{group}]\n" + "".join(f"{key} = {value}\n" for key, value in found.items())
            for group, found in entry_points.items()
        )
        (info / "entry_points.txt").write_text("\n".join(sections))
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(str(folder))
        _registry.refresh()

    yield install
    monkeypatch.undo()
    _registry.refresh()
    for module in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[module], "__file__", "")):
            del sys.modules[module]
