"""The Kaplan-Yorke dimension of an attractor, from its Lyapunov exponents.

With exponents in descending order and `S_j` the sum of the first j,

    D = j + S_j / |lambda_{j+1}|,   j the largest number with S_j >= 0

Source: Kaplan & Yorke, Chaotic behavior of multidimensional difference equations, Lecture Notes in
Mathematics 730 (1979), 204-227.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim.integrators.exponents._block_statistics import block_error

# So many standard errors from zero an exponent is not told from it.
_ZERO_WITHIN = 3


def kaplan_yorke(exponents: Float[Array, " k"], size: int) -> Float[Array, ""]:
    """Return the Kaplan-Yorke dimension.

    Arguments:
        exponents: the k largest, in descending order.
        size: d, how many there are.

    Returns:
        0 if all exponents are negative; d if all d of them sum up to 0 or more; NaN if the
        exponents that are given do not suffice.
    """
    sums = jnp.cumsum(exponents)
    count = jnp.sum(jnp.cumprod((sums >= 0).astype(jnp.int32)), dtype=jnp.int32)
    known = exponents.shape[0]
    inside = count < known
    summed = jnp.where(count > 0, sums[jnp.maximum(count - 1, 0)], 0)
    following = jnp.where(inside, exponents[jnp.minimum(count, known - 1)], -1)
    whole = count.astype(exponents.dtype)
    beyond = jnp.asarray(size if known == size else jnp.nan, exponents.dtype)
    return jnp.where(inside, whole - summed / following, beyond)


def estimated_dimension(
    means: Float[Array, "B k"], errors: Float[Array, " k"], size: int
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the dimension and its standard error, to first order in the exponents' errors.

    An exponent within three standard errors of zero counts as zero: on a limit cycle the sign of
    the largest would decide between 0 and 1, and is chance.

    Arguments:
        means: of the exponents over B blocks, in descending order of their averages.
        errors: of those averages.
        size: d, how many exponents there are.
    """
    values = jnp.mean(means, axis=0)
    nearest = jnp.where(jnp.abs(values) <= _ZERO_WITHIN * errors, 0, values)
    dimension, slopes = jax.value_and_grad(kaplan_yorke)(nearest, size)
    error = block_error(jnp.sum(means * slopes[None], axis=-1))
    return dimension, jnp.where(jnp.isnan(dimension), jnp.nan, error)
