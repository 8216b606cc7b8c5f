"""The shallow piecewise linear network, clipped so that it stays bounded.

z[n+1] = A z[n] + g W1 [max(0, W2 z[n] + h2) - max(0, W2 z[n])] + h1,   A diagonal

W1 and W2 go over a hidden layer. The difference of the two rectified terms is at most |h2|, so that
orbits are bounded where the entries of A are less than 1. The weights are random here; in
applications they are learned.
"""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.recurrences._citations import SHALLOW_PLRNN
from parasim.plugins.recurrences._weights import check_units, gaussian, product, random_start


@lru_cache
def _step(units: int, hidden: int, weights: int):
    outward, inward = gaussian(weights, 0, units, hidden), gaussian(weights, 1, hidden, units)
    diagonal = np.random.default_rng((weights, 2)).uniform(0, 1, units)
    thresholds = np.random.default_rng((weights, 3)).standard_normal(hidden)
    bias = gaussian(weights, 4, units, 1)[:, 0]

    def step(n, y, args):
        del n
        z = y["z"]
        seen = product(inward, z)
        shifted = seen + args["h2"] * jnp.asarray(thresholds, z.dtype)
        clipped = jnp.maximum(shifted, 0) - jnp.maximum(seen, 0)
        linear = args["memory"] * jnp.asarray(diagonal, z.dtype) * z
        constant = args["h1"] * jnp.asarray(bias, z.dtype)
        return {"z": linear + args["g"] * product(outward, clipped) + constant}

    return step


def shallow_plrnn(units: int = 10, hidden: int = 50, weights: int = 0) -> System:
    """Build a clipped shallow PLRNN with random weights.

    Arguments:
        units: of the state, 1 or more.
        hidden: units of the hidden layer, 1 or more.
        weights: the seed that draws them.

    Returns:
        State `z` of shape (units,), without dimension; parameters `g` (gain), `memory`, `h1` and
        `h2` (scales of the constants); a recurrence, whose unit of time is a step. The seed of a
        run draws the initial state.

    Raises:
        ConfigError: there is no unit in a layer, or a seed is negative.

    Source: Hess, F. et al. (2023), Generalized teacher forcing for learning chaotic dynamics,
    arXiv 2306.04406.
    """
    check_units("shallow-plrnn", units, weights)
    if hidden < 1:
        raise ConfigError(f"shallow-plrnn: hidden = {hidden} must be 1 or more")
    return System(
        name="shallow-plrnn",
        step=_step(units, hidden, weights),
        initial_state=random_start(units, "z"),
        params={
            "g": Parameter(3.0, "1", 0.0, 100.0, "gain of the hidden layer"),
            "memory": Parameter(0.9, "1", 0.0, 1.0, "largest entry of the diagonal A"),
            "h1": Parameter(0.1, "1", 0.0, 1e3, "scale of the constants of the state"),
            "h2": Parameter(1.0, "1", 0.0, 1e3, "scale of the constants of the hidden layer"),
        },
        variables={"z": Variable("1", ("unit",), "activity of the units")},
        time_unit="step",
        description="a bounded piecewise linear network with one hidden layer",
        citation="Hess et al. (2023), arXiv 2306.04406",
        bibtex=SHALLOW_PLRNN,
        options={"units": units, "hidden": hidden, "weights": weights},
    )
