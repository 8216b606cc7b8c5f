"""The parts of the integrators, from the ground up."""

import re
from pathlib import Path

import parasim.integrators

PARTS = [
    "kernels",
    "method",
    "newton",
    "decision",
    "window",
    "steps",
    "solver",
    "scan",
    "exponents",
    "calibration",
]
ROOT = Path(parasim.integrators.__path__[0])


def test_each_part_imports_only_those_before_it():
    upwards = [
        f"{path.relative_to(ROOT)} imports {part}"
        for path in ROOT.glob("*/*.py")
        for part in re.findall(r"^from parasim\.integrators\.(\w+)", path.read_text(), re.M)
        if PARTS.index(part) > PARTS.index(path.parent.name)
    ]
    assert upwards == []
