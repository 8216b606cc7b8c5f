"""Small systems with known behaviour, which several tests integrate."""

from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax.numpy as jnp
import numpy as np

from parasim import DeviceCosts, ParallelNewton


class Problem(NamedTuple):
    """A vector field f(t, y, args), a state to start from, and a step that resolves it."""

    vector_field: Callable[[Any, Any, Any], Any]
    y0: Any
    dt: float
    steps: int


def _logistic(t, y, args):
    return y * (1 - y)


def _rigid_body(t, y, args):
    return jnp.stack([-2 * y[1] * y[2], 1.25 * y[0] * y[2], -0.5 * y[0] * y[1]])


def _van_der_pol(t, y, args):
    return jnp.stack([y[1], (1 - y[0] ** 2) * y[1] - y[0]])


def _fitzhugh_nagumo(t, y, args):
    return jnp.stack([3 * (y[0] - y[0] ** 3 / 3 + y[1]), -(y[0] - 0.2 + 0.2 * y[1]) / 3])


def _henon_heiles(t, y, args):
    return jnp.stack([y[2], y[3], -y[0] - 2 * y[0] * y[1], -y[1] - (y[0] ** 2 - y[1] ** 2)])


def _duffing(t, y, args):
    return jnp.stack([y[1], -0.5 * y[1] - y[0] - y[0] ** 3 + 2 * jnp.cos(t)])


def lorenz(rho: float) -> Callable[[Any, Any, Any], Any]:
    """Return the vector field of Lorenz (1963) with sigma = 10, beta = 8/3."""

    def vector_field(t, y, args):
        return jnp.stack(
            [10 * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]
        )

    return vector_field


def lorenz96(t, y, args):
    """Lorenz-96 with F = 8."""
    return (jnp.roll(y, -1) - jnp.roll(y, 2)) * jnp.roll(y, 1) - y + 8


PREDICTABLE = {
    "logistic": Problem(_logistic, [0.01], 40 / 4096, 4096),
    "rigid body": Problem(_rigid_body, [1, 0, 0.9], 80 / 8192, 8192),
    "van der Pol": Problem(_van_der_pol, [2, 0], 25.2 / 4096, 4096),
    "FitzHugh-Nagumo": Problem(_fitzhugh_nagumo, [-1, 1], 100 / 8192, 8192),
    "Henon-Heiles": Problem(_henon_heiles, [0.5, 0, 0, 0.1], 200 / 8192, 8192),
    "Duffing": Problem(_duffing, [0, 0], 0.02, 4096),
    "Lorenz rho=10": Problem(lorenz(10), [1, 2, 3], 0.01, 4096),
}

CHAOTIC = {
    "Lorenz-63": Problem(lorenz(28), [1, 2, 20], 0.01, 5632),  # 50 Lyapunov times of 1.104
    "Lorenz-96": Problem(
        lorenz96, 8 + 0.01 * np.random.default_rng(0).standard_normal(40), 0.05, 640
    ),  # 53 of 0.6
}

PARALLEL_PAYS = DeviceCosts(step=1.0, iteration=8.0, level=2.0, work=4e-5)

STATE = diffrax.SaveAt(t1=True, solver_state=True)


def run(problem: Problem, solver: ParallelNewton, saveat=STATE, steps=None, **options):
    """Integrate a problem in windows."""
    steps = problem.steps if steps is None else steps
    return diffrax.diffeqsolve(
        diffrax.ODETerm(problem.vector_field),
        solver,
        0.0,
        steps * problem.dt,
        dt0=solver.steps * problem.dt,
        y0=jnp.asarray(problem.y0, float),
        saveat=saveat,
        **options,
    )
