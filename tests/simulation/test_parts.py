"""The parts of the simulation, from the ground up."""

import re
from pathlib import Path

import parasim.simulation

PARTS = ["provenance", "planning", "running", "insight"]
ROOT = Path(parasim.simulation.__path__[0])


def test_each_part_imports_only_those_before_it():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert folders == set(PARTS)
    upwards = [
        f"{path.relative_to(ROOT)} imports {part}"
        for path in ROOT.glob("*/*.py")
        for part in re.findall(r"^from parasim\.simulation\.(\w+)", path.read_text(), re.M)
        if PARTS.index(part) > PARTS.index(path.parent.name)
    ]
    assert upwards == []
