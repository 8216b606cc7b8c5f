"""Recurrences in the place of differential equations."""

import diffrax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton, Windows, diffeqsolve
from parasim.integrators import Iteration


def settling(n, y, args):
    """It depends on the number of the step, too."""
    return {"x": args * jnp.tanh(y["x"]) + jnp.cos(n)}


def by_hand(steps):
    x = 0.3
    for n in range(steps):
        x = 0.5 * np.tanh(x) + np.cos(n)
    return x


@pytest.mark.parametrize("mode", ["sequential", pytest.param("parallel", marks=pytest.mark.slow)])
def test_windows_of_a_recurrence_are_its_steps(mode):
    solution = diffeqsolve(
        diffrax.ODETerm(settling),
        ParallelNewton(Iteration(), steps=32, mode=mode),
        0,
        96,
        1,
        {"x": jnp.asarray(0.3)},
        args=0.5,
        stepsize_controller=Windows(steps=32),
    )
    np.testing.assert_allclose(solution.ys["x"][-1], by_hand(96), rtol=1e-12)
