"""The Kuramoto-Sivashinsky equation: waves that grow, break, and are smoothed, in one dimension.

du/dt = -u du/dx - d2u/dx2 - d4u/dx4,   periodic in x over the length

in Fourier space for the derivatives and on the grid for the product. The mean of u is conserved.
At length 22 it is just chaotic, with a largest exponent of 0.048.

The fourth derivative makes it stiff: with explicit inner solvers the step must stay below
3.3 / (pi points / length)^4, which is 0.0075 for 32 points and length 22; an implicit one, such as
kvaerno3, is free of that, but solves for all points in every stage.
"""

import jax
import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import KURAMOTO_SIVASHINSKY

_SOURCE = (
    "ETDRK4 and QR in float64; Cvitanovic, Davidchack & Siminos (2010), SIAM J. Appl. Dyn. Syst. "
    "9, 1-33 have 0.048, 0, 0, -0.003, -0.189, -0.256, -0.290, -0.310, without that of the mean"
)
# The equation conserves the mean, which adds a zero to the exponents of those authors.
_EXPONENTS = (
    *(0.0485, 0.0011, 0.0008, -0.001, -0.0041, -0.1901, -0.2585, -0.2927, -0.3102),
    *(-1.9614, -1.967, -5.6049),
)
_RUN = {"t1": 10000, "dt": 0.006, "exponents": 12}


def _vector_field(t, y, args):
    del t
    u = y["u"]
    numbers = np.fft.rfftfreq(u.shape[0], 1 / u.shape[0])
    odd = numbers.copy()
    if u.shape[0] % 2 == 0:
        odd[-1] = 0  # the derivative of the highest wave vanishes on the grid
    unit = 2 * np.pi / args["length"]
    wave = unit * jnp.asarray(numbers, u.dtype)
    squared = wave * wave
    waves = jnp.fft.rfft(u)
    products = jnp.fft.rfft(u * u / 2)
    slope = unit * jnp.asarray(odd, u.dtype)
    advection = slope * jnp.imag(products), -slope * jnp.real(products)  # -i k times the product
    growth = squared - squared * squared
    change = jnp.real(waves) * growth + advection[0], jnp.imag(waves) * growth + advection[1]
    return {"u": jnp.fft.irfft(jax.lax.complex(*change), u.shape[0])}


def kuramoto_sivashinsky(points: int = 32) -> System:
    """Build the Kuramoto-Sivashinsky equation on a ring, chaotic at its default parameters.

    Arguments:
        points: of the grid, 8 or more; some 1.5 for every unit of length.

    Returns:
        State `u` of shape (points,), without dimension, at x = length j / points; parameter
        `length`. The seed shifts the initial state, which has no mean.

    Raises:
        ConfigError: fewer than 8 points.

    Source: Kuramoto, Y. and Tsuzuki, T. (1976), Prog. Theor. Phys. 55, 356-369; Sivashinsky, G. I.
    (1977), Acta Astronaut. 4, 1177-1206.
    """
    if points < 8:
        raise ConfigError(f"kuramoto-sivashinsky: points = {points} are too few: choose 8 or more")

    def initial_state(params, seed):
        del params
        shift = np.random.default_rng(seed).uniform(0, 2 * np.pi)
        place = 2 * np.pi * np.arange(points) / points + shift
        u = np.cos(place) * (1 + np.sin(place))
        return {"u": u - u.mean()}

    return System(
        name="kuramoto-sivashinsky",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={"length": Parameter(22.0, "1", 0.1, 1e4, "of the ring")},
        variables={"u": Variable("1", ("x",), "velocity of a flame front, or slope of a film")},
        time_unit="1",
        description="growing and breaking waves on a ring; chaotic, stiff",
        citation="Kuramoto and Tsuzuki (1976), Prog. Theor. Phys. 55, 356-369; Sivashinsky (1977), "
        "Acta Astronaut. 4, 1177-1206",
        bibtex=KURAMOTO_SIVASHINSKY,
        options={"points": points},
        dt=0.006,
        truth=(
            Truth(
                "lyapunov_exponents",
                _EXPONENTS,
                (*[0.0018] * 9, 0.002, 0.002, 0.0056),
                "published and recomputed",
                _SOURCE,
                run=_RUN,
            ),
            Truth("kaplan_yorke_dimension", 5.24, 0.02, source=_SOURCE, run=_RUN),
        ),
    )
