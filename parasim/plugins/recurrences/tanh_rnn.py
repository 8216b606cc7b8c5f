"""A random recurrent network of tanh units, the classic of transitions to chaos.

h[n+1] = tanh(g W h[n] + w input),   W[i, j] of mean 0 and variance 1 / N

For many units it is silent for g < 1 and chaotic for g > 1, without input.
"""

from functools import lru_cache

import jax.numpy as jnp

from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.recurrences._citations import SOMPOLINSKY_1988
from parasim.plugins.recurrences._weights import check_units, gaussian, product, random_start


@lru_cache
def _step(units: int, weights: int):
    recurrent, inward = gaussian(weights, 0, units, units), gaussian(weights, 1, units, 1)[:, 0]

    def step(n, y, args):
        del n
        h = y["h"]
        drive = jnp.asarray(inward, h.dtype) * args["input"]
        return {"h": jnp.tanh(args["g"] * product(recurrent, h) + drive)}

    return step


def tanh_rnn(units: int = 64, weights: int = 0) -> System:
    """Build a random network of tanh units, chaotic at its default parameters.

    Arguments:
        units: N, 1 or more.
        weights: the seed that draws them.

    Returns:
        State `h` of shape (units,), without dimension; parameters `g` and `input`; a recurrence,
        whose unit of time is a step. The seed of a run draws the initial state.

    Raises:
        ConfigError: there is no unit, or the seed is negative.

    Source: Sompolinsky, H., Crisanti, A. and Sommers, H. J. (1988), Chaos in random neural
    networks, Phys. Rev. Lett. 61, 259-262.
    """
    check_units("tanh-rnn", units, weights)
    return System(
        name="tanh-rnn",
        step=_step(units, weights),
        initial_state=random_start(units, "h"),
        params={
            "g": Parameter(1.5, "1", 0.0, 100.0, "gain of the recurrent weights"),
            "input": Parameter(0.0, "1", -1e3, 1e3, "to all units, each with a weight of its own"),
        },
        variables={"h": Variable("1", ("unit",), "activity of the units")},
        time_unit="step",
        description="a random network of tanh units; silent for small gain, chaotic for large",
        citation="Sompolinsky, Crisanti and Sommers (1988), Phys. Rev. Lett. 61, 259-262",
        bibtex=SOMPOLINSKY_1988,
        options={"units": units, "weights": weights},
    )
