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
_LEAST_PART = 0.25


def block_error(means: Float[Array, "blocks ..."]) -> Float[Array, "..."]:
    """Return the standard error of the average of B block means.

    With s^2 their variance and r the correlation of neighbours it is `sqrt(s^2 / B c)` with

        c = (1 + r) / (1 - r)                 for r > 0, as of a first-order autoregression
        c = min(1, 1 + 2 (r + 1 / sqrt(B)))   for r < 0, as of blocks that share their ends

    where 1 / sqrt(B) is the standard error of r, and c at least 1/4: a smaller error is promised
    only as far as it is certain.

    Arguments:
        means: the blocks' means, along the leading axis; two blocks at least.
    """
    count = means.shape[0]
    deviations = means - jnp.mean(means, axis=0, keepdims=True)
    squares = jnp.sum(deviations**2, axis=0)
    neighbours = jnp.sum(deviations[1:] * deviations[:-1], axis=0)
    correlation = neighbours / jnp.where(squares > 0, squares, 1)
    positive = jnp.clip(correlation, 0, _STRONGEST_CORRELATION)
    together = (1 + positive) / (1 - positive)
    apart = jnp.clip(1 + 2 * (correlation + count**-0.5), _LEAST_PART, 1)
    variance = squares / (count - 1) / count
    return jnp.sqrt(variance * jnp.where(correlation > 0, together, apart))


def running_means(means: Float[Array, "blocks ..."]) -> Float[Array, "blocks ..."]:
    """Return the average of the first 1, 2, ... B block means."""
    counts = jnp.arange(1, means.shape[0] + 1, dtype=means.dtype)
    return jnp.cumsum(means, axis=0) / counts.reshape(-1, *(1,) * (means.ndim - 1))
