"""A store of 1e8 values is analysed in less than 2 GiB."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "analysis_memory.py"


@pytest.mark.slow
def test_mean_and_spectrum_take_less_than_was_promised():
    command = [sys.executable, str(SCRIPT), "ensemble_mean", "power_spectrum"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "100,000,000 values" in shown
    assert shown.count("kept") == 2
