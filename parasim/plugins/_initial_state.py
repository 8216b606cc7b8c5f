"""Initial states that depend on nothing, which is what most systems have."""

from collections.abc import Callable, Mapping

import numpy as np

from parasim.plugins._system import State


def fixed_state(**leaves: float) -> Callable[[Mapping[str, float], int], State]:
    """Make the `initial_state` of a system that starts in the same state for every parameter.

    Arguments:
        leaves: the value of every leaf, by the name of its variable.

    Returns:
        A function of parameters and seed that returns each leaf as a float64 scalar array.
    """

    def initial_state(params: Mapping[str, float], seed: int) -> State:
        del params, seed
        return {name: np.asarray(value, dtype=np.float64) for name, value in leaves.items()}

    return initial_state
