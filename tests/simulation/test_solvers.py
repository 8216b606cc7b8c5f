"""Inner solvers by name."""

import diffrax
import numpy as np
import pytest

from parasim import ConfigError, ParallelNewton, simulate
from parasim.simulation._solvers import SOLVERS, inner_solver


@pytest.mark.parametrize("name", SOLVERS)
def test_every_name_has_a_solver_that_can_be_put_into_windows(name):
    solver = inner_solver(name, np.float64)
    assert isinstance(solver, getattr(diffrax, SOLVERS[name]))
    ParallelNewton(solver)


def test_upper_case_is_forgiven_and_a_wrong_name_is_corrected():
    assert isinstance(inner_solver("Tsit5", np.float64), diffrax.Tsit5)
    with pytest.raises(ConfigError, match="did you mean 'kvaerno5'"):
        inner_solver("kvarno5", np.float64)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_implicit_solver_reaches_round_off_at_a_fixed_step(dtype):
    dataset = simulate(
        "stuart-landau",
        y0={"x": 1, "y": 0},
        t1=1.0,
        dt=0.02,
        dtype=dtype,
        solver=inner_solver("kvaerno5", dtype),
    )
    radius = np.hypot(dataset["x"], dataset["y"])
    np.testing.assert_allclose(radius, 1.0, atol=1e-8 if dtype == "float64" else 1e-4)
