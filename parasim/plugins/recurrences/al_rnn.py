"""The almost-linear recurrent network: piecewise linear, with few units that are not linear.

z[n+1] = A z[n] + g W phi(z[n]) + h
phi(z) = (z[1], ..., z[M-P], max(0, z[M-P+1]), ..., max(0, z[M])),   A diagonal

Its state space falls into 2^P parts in each of which it is linear. The weights are random here, A
between 0 and `memory`; in applications they are learned.
"""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.recurrences._citations import AL_RNN
from parasim.plugins.recurrences._weights import check_units, gaussian, product, random_start


@lru_cache
def _step(units: int, rectified: int, weights: int):
    coupling = gaussian(weights, 0, units, units)
    diagonal = np.random.default_rng((weights, 1)).uniform(0, 1, units)
    bias = gaussian(weights, 2, units, 1)[:, 0]

    def step(n, y, args):
        del n
        z = y["z"]
        phi = jnp.concatenate([z[: units - rectified], jnp.maximum(z[units - rectified :], 0)])
        linear = args["memory"] * jnp.asarray(diagonal, z.dtype) * z
        constant = args["h"] * jnp.asarray(bias, z.dtype)
        return {"z": linear + args["g"] * product(coupling, phi) + constant}

    return step


def al_rnn(units: int = 20, rectified: int = 2, weights: int = 0) -> System:
    """Build an almost-linear network with random weights, at rest at its default parameters.

    Arguments:
        units: M, 1 or more.
        rectified: P, how many of them are rectified; the others are linear.
        weights: the seed that draws them.

    Returns:
        State `z` of shape (units,), without dimension; parameters `g` (gain), `memory` and `h`
        (scale of the constants); a recurrence, whose unit of time is a step. With a large gain it
        grows without bound. The seed of a run draws the initial state.

    Raises:
        ConfigError: there is no unit, fewer than `rectified`, or a seed is negative.

    Source: Brenner, M. et al. (2024), Almost-linear RNNs yield highly interpretable symbolic codes
    in dynamical systems reconstruction, arXiv 2410.14240.
    """
    check_units("al-rnn", units, weights)
    if not 0 <= rectified <= units:
        raise ConfigError(f"al-rnn: rectified = {rectified} must be from 0 to units = {units}")
    return System(
        name="al-rnn",
        step=_step(units, rectified, weights),
        initial_state=random_start(units, "z"),
        params={
            "g": Parameter(0.5, "1", 0.0, 100.0, "gain of the coupling"),
            "memory": Parameter(0.5, "1", 0.0, 1.0, "largest entry of the diagonal A"),
            "h": Parameter(1.0, "1", 0.0, 1e3, "scale of the constants"),
        },
        variables={"z": Variable("1", ("unit",), "activity of the units")},
        time_unit="step",
        description="an almost-linear network: few of its units are rectified",
        citation="Brenner et al. (2024), arXiv 2410.14240",
        bibtex=AL_RNN,
        options={"units": units, "rectified": rectified, "weights": weights},
    )
