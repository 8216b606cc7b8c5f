"""The standard error of a time average, from the means of a few long blocks.

Values along a trajectory are correlated, those of neighbours most. Means of blocks much longer than
the correlation time are nearly independent, so few and long blocks are better than many and short
ones; what correlation is left between neighbours is estimated and taken into account.

Source: batch means; Schmeiser, Batch size effects in the analysis of simulation output, Operations
Research 30 (1982), 556-568, who recommends 10 to 30 blocks.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

FEWEST_BLOCKS = 8

# Beyond this the blocks say little but that the run is too short.
_STRONGEST_CORRELATION = 0.95


def block_error(means: Float[Array, "blocks *rest"]) -> Float[Array, "*rest"]:
    """Return the standard error of the average of B block means.

    It is `sqrt(s^2 / B (1 + r) / (1 - r))` with s^2 the variance of the means and r the correlation
    of neighbours, as of a first-order autoregression. A negative r counts as zero: it would promise
    a smaller error on the strength of a number that is itself uncertain.

    Arguments:
        means: the blocks' means, along the leading axis; two blocks at least.
    """
    count = means.shape[0]
    deviations = means - jnp.mean(means, axis=0, keepdims=True)
    squares = jnp.sum(deviations**2, axis=0)
    neighbours = jnp.sum(deviations[1:] * deviations[:-1], axis=0)
    correlation = neighbours / jnp.where(squares > 0, squares, 1)
    correlation = jnp.clip(correlation, 0, _STRONGEST_CORRELATION)
    variance = squares / (count - 1) / count
    return jnp.sqrt(variance * (1 + correlation) / (1 - correlation))


def running_means(means: Float[Array, "blocks *rest"]) -> Float[Array, "blocks *rest"]:
    """Return the average of the first 1, 2, ... B block means."""
    counts = jnp.arange(1, means.shape[0] + 1, dtype=means.dtype)
    return jnp.cumsum(means, axis=0) / counts.reshape(-1, *(1,) * (means.ndim - 1))
