"""Long short-term memory with random weights.

i, f, o = sigmoid(g W_k h[n] + w_k input + b_k) for k = i, f, o
c[n+1] = f c[n] + i tanh(g W_c h[n] + w_c input)
h[n+1] = o tanh(c[n+1]),   W[i, j] of mean 0 and variance 1 / N

with b_f = forget and no other bias.
"""

from functools import lru_cache

import jax.numpy as jnp
from jax.nn import sigmoid

from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.recurrences._citations import LSTM
from parasim.plugins.recurrences._weights import check_units, gaussian, product, random_start


@lru_cache
def _step(units: int, weights: int):
    recurrent = [gaussian(weights, number, units, units) for number in range(4)]
    inward = [gaussian(weights, 4 + number, units, 1)[:, 0] for number in range(4)]

    def step(n, y, args):
        del n
        h = y["h"]

        def drive(gate):
            given = jnp.asarray(inward[gate], h.dtype) * args["input"]
            return args["g"] * product(recurrent[gate], h) + given

        take, keep = sigmoid(drive(0)), sigmoid(drive(1) + args["forget"])
        cell = keep * y["c"] + take * jnp.tanh(drive(3))
        return {"c": cell, "h": sigmoid(drive(2)) * jnp.tanh(cell)}

    return step


def lstm(units: int = 64, weights: int = 0) -> System:
    """Build a network with long short-term memory and random weights.

    Arguments:
        units: N, 1 or more.
        weights: the seed that draws them.

    Returns:
        State `c` (the memory) and `h` (the activity), each of shape (units,), without dimension;
        parameters `g`, `forget` and `input`; a recurrence, whose unit of time is a step. The seed
        of a run draws the initial state.

    Raises:
        ConfigError: there is no unit, or the seed is negative.

    Source: Hochreiter, S. and Schmidhuber, J. (1997), Long short-term memory, Neural Comput. 9,
    1735-1780; the forgetting: Gers, F. A. et al. (2000), Neural Comput. 12, 2451-2471.
    """
    check_units("lstm", units, weights)
    return System(
        name="lstm",
        step=_step(units, weights),
        initial_state=random_start(units, "c", "h"),
        params={
            "g": Parameter(2.0, "1", 0.0, 100.0, "gain of the recurrent weights"),
            "forget": Parameter(1.0, "1", -100.0, 100.0, "bias of the gate that keeps the memory"),
            "input": Parameter(0.0, "1", -1e3, 1e3, "to all units, each with weights of its own"),
        },
        variables={
            "c": Variable("1", ("unit",), "memory of the units"),
            "h": Variable("1", ("unit",), "activity of the units"),
        },
        time_unit="step",
        description="a network with long short-term memory and random weights",
        citation="Hochreiter and Schmidhuber (1997), Neural Comput. 9, 1735-1780",
        bibtex=LSTM,
        options={"units": units, "weights": weights},
    )
