"""Lorenz's ring of sites, the standard model of predictability in the atmosphere.

dx[i]/dt = (x[i+1] - x[i-2]) x[i-1] - x[i] + F,   i modulo the number of sites

The quadratic terms conserve the sum of squares and have no divergence, so that the exponents
sum to -sites. With 40 sites and F = 8 the largest is 1.67; one time unit is about 5 days.
"""

import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import LORENZ_1996

_RUN = {"t1": 4000, "dt": 0.05, "window": 1024}
_SOURCE = "RK4 and QR in float64; usually Lorenz & Emanuel (1998) are quoted with 13 and 27.1"

_AMPLITUDE = 0.01  # of the perturbation: small against F, far above round-off in float32


def _vector_field(t, y, args):
    del t
    x = y["x"]
    ring = jnp.concatenate([x[-2:], x, x[:1]])  # ring[i + 2] is x[i]
    return {"x": (ring[3:] - ring[:-3]) * ring[1:-2] - x + args["F"]}


def lorenz96(sites: int = 40) -> System:
    """Build the Lorenz model of 1996 on a ring of sites, chaotic at its default parameters.

    Arguments:
        sites: number of sites, 4 or more.

    Returns:
        State `x` of shape (sites,), without dimension; parameter `F`. The initial state is the
        fixed point x = F with a perturbation of 0.01 that the seed draws.

    Raises:
        ConfigError: fewer than 4 sites.

    Source: Lorenz, E. N. (1996), Predictability: a problem partly solved, ECMWF seminar.
    """
    if sites < 4:
        raise ConfigError(f"lorenz96: sites = {sites} is too few: a ring needs 4 or more")

    def initial_state(params, seed):
        noise = np.random.default_rng(seed).standard_normal(sites)
        return {"x": params["F"] + _AMPLITUDE * noise}

    return System(
        name="lorenz96",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={"F": Parameter(8.0, "1", -1e3, 1e3, "forcing")},
        variables={"x": Variable("1", ("site",), "an atmospheric quantity around a latitude")},
        time_unit="1",
        description="a ring of sites, as weather around a latitude; chaotic",
        citation="Lorenz (1996), ECMWF Seminar on Predictability, vol. 1, 1-18",
        bibtex=LORENZ_1996,
        options={"sites": sites},
        dt=0.05,
        truth=(
            Truth("lyapunov_exponents", (1.67,), 0.008, source=_SOURCE, run=_RUN),
            Truth("exponent_sum", -40.0, 1.3e-4, status="exact", source="divergence", run=_RUN),
            Truth("positive_exponents", 13, source=_SOURCE, run=_RUN),
            Truth("entropy", 10.21, source=_SOURCE, run=_RUN),
            Truth("kaplan_yorke_dimension", 27.1, source=_SOURCE, run=_RUN),
        ),
    )
