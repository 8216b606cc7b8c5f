"""benchmarks/decision.py refers to internals; what it records must go on working."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.mark.slow
def test_what_newton_delivers_along_a_trajectory_is_recorded(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    flows, models, on_policy, profiling = (
        import_module(f"oracle.{name}") for name in ("flows", "models", "on_policy", "profiles")
    )
    of, longest = flows.flow("parasim:van-der-pol"), profiling.LONGEST
    (profiles,) = profiling.record(of, 0.01, 2 * longest, 8, [of.y0])
    assert profiles.finite
    assert (np.diff(profiles.fronts, axis=-1) >= 0).all()
    assert profiles.fronts[:, 0].max() == longest  # in a few iterations, whatever the window
    (run,) = on_policy.spent(of, 0.01, models.MODELS["G60"], 2 * longest, longest, 8, [of.y0])
    assert run.parallel_steps.sum() > longest
    assert run.time[-1] < 2 * longest * models.MODELS["G60"].costs(2, 8).step
