"""What is written down of a window whose steps follow from a tolerance."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, DTypeLike, Float, Int


class MeshRecord(NamedTuple):
    """How the steps of a window were found.

    Attributes:
        coarse_attempts: coarse steps, tried one after the other.
        rounds: how often steps were divided, or solved for again.
        inner_steps: of the window.
        attempts: steps tried one after the other within the tolerance, where parallel did not do.
        error: the largest error estimate of an inner step, in units of the tolerance.
    """

    coarse_attempts: Int[Array, ""]
    rounds: Int[Array, ""]
    inner_steps: Int[Array, ""]
    attempts: Int[Array, ""]
    error: Float[Array, ""]

    @classmethod
    def none(cls, dtype: DTypeLike) -> "MeshRecord":
        """Return that of no window, for states of this dtype."""
        number = jnp.zeros((), jnp.int32)
        return cls(number, number, number, number, jnp.zeros((), dtype))
