"""Finite-time Lyapunov growth: how fast a tangent grows along a window.

The growth rate over a time T is `log(|P v| / |v|) / T`, with P the product of the step
Jacobians and v a tangent. The tangent is carried from measurement to measurement, so that it turns
towards the fastest growing direction, and starts at random: an axis can lie in an invariant
subspace (Benettin et al., Meccanica 15, 1980).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PyTree

from parasim.integrators.method._propagator import Propagator
from parasim.integrators.method._structure import AbstractStructure


def start_tangent(size: int, dtype: DTypeLike) -> Float[Array, " d"]:
    """Return a random direction, the same one every time."""
    return _unit(jax.random.normal(jax.random.key(20), (size,), dtype))[0]


def propagated_growth(
    structure: AbstractStructure, propagator: Propagator, tangent: Float[Array, " d"]
) -> tuple[Float[Array, ""], Float[Array, " d"]]:
    """Return the log of a unit tangent's growth through a propagator, and the new unit tangent."""
    direction, log_length = _unit(structure.apply(propagator.matrix, tangent[:, None])[:, 0])
    return propagator.log_scale + log_length, direction


def sampled_growth(
    step: Callable[[Array, PyTree], Array],
    y0: Float[Array, " d"],
    inputs: PyTree,
    tangent: Float[Array, " d"],
) -> tuple[Float[Array, ""], Float[Array, " d"]]:
    """Step a tangent along a stretch of trajectory, and measure over its second half.

    The first half lets the tangent turn: since the last sample the flow has left it behind.

    Arguments:
        step: the step map `(y, x) -> y`, on vectors.
        y0: the state at the start of the stretch.
        inputs: the steps' inputs, K of them along the leading axis.
        tangent: a unit vector.

    Returns:
        The log of the growth over the last `K - K // 2` steps, and the new unit tangent.
    """
    count = jax.tree.leaves(inputs)[0].shape[0]

    def body(carry, x):
        y, direction = carry
        y, direction = jax.jvp(lambda state: step(state, x), (y,), (direction,))
        direction, log_length = _unit(direction)
        return (y, direction), log_length

    (_, tangent), log_lengths = jax.lax.scan(body, (y0, tangent), inputs)
    return jnp.sum(log_lengths[count // 2 :]), tangent


def _unit(vector: Float[Array, " d"]) -> tuple[Float[Array, " d"], Float[Array, ""]]:
    """Split a vector into its direction and the log of its length; a zero keeps length zero."""
    largest = jnp.max(jnp.abs(vector), initial=0)
    largest = jnp.where(largest > 0, largest, 1)
    scaled = vector / largest
    norm = jnp.sqrt(jnp.sum(scaled**2))
    return scaled / jnp.where(norm > 0, norm, 1), jnp.log(largest) + jnp.log(norm)


# The weight of a measurement, relative to the next one: the last ten or so count.
_FORGETTING = 0.9


class RunningGrowth(NamedTuple):
    """A running estimate of the largest Lyapunov exponent, from the growth rates of windows.

    It forgets, so that it follows a system that changes.

    Attributes:
        mean: the estimate, per unit of time; NaN before the first measurement.
        weight: of all measurements.
        squares: the sum of their squared weights.
        spread: the weighted sum of squared deviations.
    """

    mean: Float[Array, ""]
    weight: Float[Array, ""]
    squares: Float[Array, ""]
    spread: Float[Array, ""]

    @classmethod
    def unknown(cls, dtype: DTypeLike) -> "RunningGrowth":
        """Return the estimate before the first measurement."""
        zero = jnp.zeros((), dtype)
        return cls(jnp.full((), jnp.nan, dtype), zero, zero, zero)

    def with_one_more(self, rate: Float[Array, ""]) -> "RunningGrowth":
        """Return the estimate after one more measurement; NaN is none."""
        weight = _FORGETTING * self.weight + 1
        before = jnp.where(self.weight > 0, self.mean, rate)
        mean = before + (rate - before) / weight
        new = RunningGrowth(
            mean=mean,
            weight=weight,
            squares=_FORGETTING**2 * self.squares + 1,
            spread=_FORGETTING * self.spread + (rate - before) * (rate - mean),
        )
        return jax.tree.map(lambda old, one: jnp.where(jnp.isnan(rate), old, one), self, new)

    @property
    def standard_error(self) -> Float[Array, ""]:
        """Of the mean, as if windows were independent; infinite before there are two."""
        share = self.squares / jnp.where(self.weight > 0, self.weight, 1) ** 2
        variance = self.spread / jnp.where(self.weight > 0, self.weight, 1)
        known = (self.weight > 1) & (share < 1)
        unbiased = variance / jnp.where(known, 1 - share, 1)
        return jnp.where(known, jnp.sqrt(unbiased * share), jnp.inf)
