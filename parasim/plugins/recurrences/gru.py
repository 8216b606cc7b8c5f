"""A gated recurrent unit with random weights.

z = sigmoid(g W_z h[n] + w_z input),   r = sigmoid(g W_r h[n] + w_r input)
h[n+1] = (1 - z) tanh(g W (r h[n]) + w input) + z h[n],   W[i, j] of mean 0 and variance 1 / N
"""

from functools import lru_cache

import jax.numpy as jnp
from jax.nn import sigmoid

from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.recurrences._citations import CHO_2014
from parasim.plugins.recurrences._weights import check_units, gaussian, product, random_start


@lru_cache
def _step(units: int, weights: int):
    recurrent = [gaussian(weights, number, units, units) for number in range(3)]
    inward = [gaussian(weights, 3 + number, units, 1)[:, 0] for number in range(3)]

    def step(n, y, args):
        del n
        h = y["h"]

        def drive(gate, state):
            given = jnp.asarray(inward[gate], h.dtype) * args["input"]
            return args["g"] * product(recurrent[gate], state) + given

        keep, reset = sigmoid(drive(0, h)), sigmoid(drive(1, h))
        return {"h": (1 - keep) * jnp.tanh(drive(2, reset * h)) + keep * h}

    return step


def gru(units: int = 64, weights: int = 0) -> System:
    """Build a network of gated recurrent units with random weights.

    Arguments:
        units: N, 1 or more.
        weights: the seed that draws them.

    Returns:
        State `h` of shape (units,), without dimension; parameters `g` and `input`; a recurrence,
        whose unit of time is a step. The seed of a run draws the initial state.

    Raises:
        ConfigError: there is no unit, or the seed is negative.

    Source: Cho, K. et al. (2014), Learning phrase representations using RNN encoder-decoder for
    statistical machine translation, arXiv 1406.1078.
    """
    check_units("gru", units, weights)
    return System(
        name="gru",
        step=_step(units, weights),
        initial_state=random_start(units, "h"),
        params={
            "g": Parameter(2.0, "1", 0.0, 100.0, "gain of the recurrent weights"),
            "input": Parameter(0.0, "1", -1e3, 1e3, "to all units, each with weights of its own"),
        },
        variables={"h": Variable("1", ("unit",), "activity of the units")},
        time_unit="step",
        description="a network of gated recurrent units with random weights",
        citation="Cho et al. (2014), arXiv 1406.1078",
        bibtex=CHO_2014,
        options={"units": units, "weights": weights},
    )
