import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton
from tests.problems import PREDICTABLE, run


def test_the_log_keeps_the_most_recent_windows():
    problem = PREDICTABLE["logistic"]
    solver = ParallelNewton(steps=64, log_length=5, mode="sequential")
    windows = parasim.windows(run(problem, solver, steps=64 * 12))
    np.testing.assert_allclose(
        windows["window_time"], problem.dt * 64 * np.arange(8, 13), rtol=1e-12
    )


@pytest.mark.slow
def test_windows_of_a_batch_say_how_to_take_a_member():
    problem = PREDICTABLE["logistic"]
    solver = ParallelNewton(steps=16)
    batch = jax.vmap(lambda y: run(problem._replace(y0=y), solver, steps=32))(jnp.ones((2, 1)))
    with pytest.raises(ConfigError, match="one member"):
        parasim.windows(batch)
    assert len(parasim.windows(jax.tree.map(lambda leaf: leaf[0], batch))["mode"]) == 2


def test_windows_need_the_solver_state():
    solution = run(PREDICTABLE["logistic"], ParallelNewton(), diffrax.SaveAt(t1=True))
    with pytest.raises(ConfigError, match="solver_state=True"):
        parasim.windows(solution)
