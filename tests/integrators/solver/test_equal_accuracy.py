"""Steps one after the other for a final error of 1e-9, as the benchmark counts them."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
NAMES = [
    "logistic",
    "rigid body",
    "van der Pol mu=1",
    "FitzHugh-Nagumo",
    "Henon-Heiles",
    "van der Pol mu=20",
    "Selkov",
]


@pytest.fixture(scope="module")
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        spec = importlib.util.spec_from_file_location(
            "equal_accuracy", BENCHMARKS / "equal_accuracy.py"
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules["equal_accuracy"] = module
        spec.loader.exec_module(module)
        yield module
        del sys.modules["equal_accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_depth_is_at_most_055_of_adaptive_steps(benchmark, name):
    assert set(benchmark.SETTINGS) == set(NAMES)
    row = benchmark.row(name)
    assert row["error in parallel"] <= 1e-9
    assert row["error"] <= 1e-9
    assert row["fallen back"] == 0
    assert row["ratio"] <= 0.55
