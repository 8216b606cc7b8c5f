"""Problems of the DETEST collection, with the tolerances of their inner solver, to t = 20.

Source: Hull, Enright, Fellen & Sedgwick, SIAM J. Numer. Anal. 9 (1972).
"""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.integrate import solve_ivp

from tests.diffrax_conformance.runs import four


def _chain(size, lower, diagonal):
    """Return y' = A y, a birth and death chain that starts with all in the first state."""
    matrix = np.zeros((size, size))
    index = np.arange(size - 1)
    matrix[index, index], matrix[index + 1, index] = diagonal, lower
    return lambda t, y: jnp.asarray(matrix) @ y, jnp.zeros(size).at[0].set(1)


def _orbit(eccentricity):
    def field(t, y):
        place, speed = y
        return speed, -place / jnp.linalg.norm(place) ** 3

    fastest = np.sqrt((1 + eccentricity) / (1 - eccentricity))
    return field, (jnp.array([1 - eccentricity, 0.0]), jnp.array([0.0, fastest]))


def _torus(t, y):
    radius = jnp.hypot(y[0], y[1])
    return -y[1] - y[0] * y[2] / radius, y[0] - y[1] * y[2] / radius, y[0] / radius


PROBLEMS = {
    "A1": (lambda t, y: -y, 1.0),
    "A2": (lambda t, y: -(y**3) / 2, 1.0),
    "A3": (lambda t, y: y * jnp.cos(t), 1.0),
    "A4": (lambda t, y: y / 4 * (1 - y / 20), 1.0),
    "A5": (lambda t, y: (y - t) / (y + t), 4.0),
    "B1": (lambda t, y: (2 * (y[0] - y[0] * y[1]), y[0] * y[1] - y[1]), (1.0, 3.0)),
    "B3": (lambda t, y: (-y[0], y[0] - y[1] ** 2, y[1] ** 2), (1.0, 0.0, 0.0)),
    "B4": (_torus, (3.0, 0.0, 0.0)),
    "B5": (lambda t, y: (y[1] * y[2], -y[0] * y[2], -0.51 * y[0] * y[1]), (0.0, 1.0, 1.0)),
    "C1": _chain(10, 1.0, -1.0),
    "C2": _chain(10, np.arange(1.0, 10), -np.arange(1.0, 10)),
    "D1": _orbit(0.1),
    "D5": _orbit(0.9),
    "E2": (lambda t, y: (y[1], (1 - y[0] ** 2) * y[1] - y[0]), (2.0, 0.0)),
    "E3": (lambda t, y: (y[1], y[0] ** 3 / 6 - y[0] + 2 * jnp.sin(2.78535 * t)), (0.0, 0.0)),
    "E5": (lambda t, y: (y[1], jnp.sqrt(1 + y[1] ** 2) / (25 - t)), (0.0, 0.0)),
}


def _reference(field, y0):
    start, unravel = ravel_pytree(y0)
    on_vectors = jax.jit(lambda t, y: ravel_pytree(field(t, unravel(y)))[0])
    found = solve_ivp(on_vectors, (0, 20), start, method="DOP853", rtol=1e-10, atol=1e-10)
    return found.y[:, -1]


def _end(inner, field, y0):
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: field(t, y)),
        four(inner),
        0.0,
        20.0,
        dt0=0.01,
        y0=y0,
        stepsize_controller=diffrax.PIDController(rtol=1e-8, atol=1e-8),
    )
    return ravel_pytree(jax.tree.map(lambda leaf: leaf[-1], solution.ys))[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inner", "name"),
    [(diffrax.Tsit5, name) for name in PROBLEMS]
    + [(inner, name) for inner in (diffrax.Dopri8, diffrax.Kvaerno5) for name in ("A5", "D1")],
)
def test_the_end_is_that_of_another_code(inner, name):
    field, y0 = PROBLEMS[name]
    np.testing.assert_allclose(
        _end(inner(), field, y0), _reference(field, y0), rtol=4e-5, atol=4e-5
    )
