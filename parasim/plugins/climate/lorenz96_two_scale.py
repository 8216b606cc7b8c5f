"""Lorenz's ring of sites, each of them coupled to small and fast ones: weather and convection.

dX[k]/dt = (X[k+1] - X[k-2]) X[k-1] - X[k] + F - (h c / b) sum_j Y[j, k]
dY[j]/dt = c b (Y[j-1] - Y[j+2]) Y[j+1] - c Y[j] + (h c / b) X[site of j]

The fast variables are one ring too, J of them at each of the K sites. The quadratic terms conserve
sum X^2 + sum Y^2, and so does the coupling; the exponents sum to -K (1 + c J). With K = 36, J = 10,
F = 10, h = 1, b = c = 10 the largest is 9.7: predictability is lost at the fast scale.
"""

import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import LORENZ_1996


def _vector_field(t, y, args):
    del t
    slow, fast = y["slow"], y["fast"]
    coupling = args["h"] * args["c"] / args["b"]
    each = fast.shape[0] // slow.shape[0]
    ring = jnp.concatenate([slow[-2:], slow, slow[:1]])  # ring[k + 2] is X[k]
    wave = jnp.concatenate([fast[-1:], fast, fast[:2]])  # wave[j + 1] is Y[j]
    advection = (wave[:-3] - wave[3:]) * wave[2:-1]
    return {
        "slow": (ring[3:] - ring[:-3]) * ring[1:-2]
        - slow
        + args["F"]
        - coupling * jnp.sum(fast.reshape(slow.shape[0], each), axis=1),
        "fast": args["c"] * args["b"] * advection
        - args["c"] * fast
        + coupling * jnp.repeat(slow, each),
    }


def lorenz96_two_scale(sites: int = 36, fast: int = 10) -> System:
    """Build the Lorenz model of 1996 with two scales, chaotic at its default parameters.

    Arguments:
        sites: number of slow variables K, 4 or more.
        fast: number of fast variables at each site J, 1 or more; there must be 4 in all.

    Returns:
        State `slow` of shape (sites,) and `fast` of shape (sites * fast,), without dimension;
        parameters `F`, `h`, `b`, `c`. The seed draws the initial state.

    Raises:
        ConfigError: fewer than 4 sites or 1 fast variable.

    Source: Lorenz, E. N. (1996), Predictability: a problem partly solved, ECMWF seminar.
    """
    if sites < 4 or fast < 1:
        raise ConfigError(
            f"lorenz96-two-scale: sites = {sites} and fast = {fast} are too few: it needs 4 sites "
            "or more, and 1 fast variable or more at each"
        )

    def initial_state(params, seed):
        random = np.random.default_rng(seed)
        return {
            "slow": params["F"] / 2 + random.standard_normal(sites),
            "fast": random.standard_normal(sites * fast) / 10,
        }

    return System(
        name="lorenz96-two-scale",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={
            "F": Parameter(10.0, "1", -1e3, 1e3, "forcing"),
            "h": Parameter(1.0, "1", 0.0, 10.0, "strength of the coupling"),
            "b": Parameter(10.0, "1", 0.1, 100.0, "ratio of the amplitudes, slow over fast"),
            "c": Parameter(10.0, "1", 0.1, 100.0, "ratio of the time scales, slow over fast"),
        },
        variables={
            "slow": Variable("1", ("site",), "an atmospheric quantity around a latitude"),
            "fast": Variable("1", ("fast_site",), "a convective quantity around that latitude"),
        },
        time_unit="1",
        description="a ring of sites with fast variables at each; strongly chaotic",
        citation="Lorenz (1996), ECMWF Seminar on Predictability, vol. 1, 1-18",
        bibtex=LORENZ_1996,
        options={"sites": sites, "fast": fast},
        dt=0.0025,
        truth=(
            Truth(
                "lyapunov_exponents",
                (9.72,),
                0.07,
                source="RK4 in float64 over 400 time units",
                run={"t1": 220, "dt": 0.0025, "exponents": 1, "window": 1024},
            ),
        ),
    )
