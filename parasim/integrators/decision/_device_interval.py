"""The shooting interval that suits the device."""

import jax.numpy as jnp
from jax.typing import DTypeLike

from parasim.integrators.decision._costs_cache import usual_costs
from parasim.integrators.method._checks import check_positive_int
from parasim.integrators.method._method import Method
from parasim.integrators.method._structure import AbstractStructure, Dense

# Iterations per window of 1,024 steps from a coarse pass: means over six predictable problems
# (docs/design.md, decision 2). With 32 coarse steps hardly resolve two of them.
_ITERATIONS = {4: 1.7, 8: 2.1, 16: 2.7, 32: 7.5}


def device_interval(
    size: int,
    *,
    steps: int = 1024,
    dtype: DTypeLike | None = None,
    structure: AbstractStructure | None = None,
) -> int:
    """Return the shooting interval with which a window should take least time on this device.

    For `Method(interval=...)`, of differential equations. With `L` steps in an interval a window of
    `N` steps takes, in the costs that `mode="auto"` decides by,

        step N / L + k(L) (iteration + level log2(N / L) + work N)

    where `k`, the iterations that predictable problems need from a coarse pass, grows with `L`. An
    accelerator makes the intervals side by side and the coarse pass step by step, and longer ones
    suit it; where `parasim.calibrate` measured with an interval, its times count for that one.

    Arguments:
        size: d, the number of real variables.
        steps: N, those of a window.
        dtype: of the state; jax's default one if it is not given.
        structure: of the Jacobians; `Dense()` if it is not given.

    Returns:
        4, 8, 16 or 32.

    Raises:
        ConfigError: size or steps is no positive number.

    Source: Brent's theorem (J. ACM 21, 1974) on work and depth, with the costs of the device.
    """
    check_positive_int("size", size)
    check_positive_int("steps", steps)
    dtype = jnp.result_type(float) if dtype is None else dtype

    def time(interval: int) -> float:
        method = Method(structure=structure or Dense(), interval=interval)
        costs = usual_costs("diffrax", size, dtype, method)
        iterations = _ITERATIONS[interval] * costs.one_iteration(steps, interval)
        return (costs.guess(steps, interval) + iterations) / costs.step  # seconds, or units

    return min(_ITERATIONS, key=time)
