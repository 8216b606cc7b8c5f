"""Affine recurrences solved in parallel, with products of matrices that cannot overflow."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

# Below this size a product is a sum of broadcast products: one fused kernel instead of a batched
# call of BLAS, and never in reduced precision.
_SMALL = 8


class Propagator(NamedTuple):
    """The matrix `exp(log_scale) * matrix`, whose largest entry in `matrix` is 1.

    Attributes:
        matrix: shape (..., d, d).
        log_scale: shape (...).
    """

    matrix: Float[Array, "*batch d d"]
    log_scale: Float[Array, "*batch"]


def affine_scan(
    matrices: Float[Array, "M d d"], offsets: Float[Array, "M d columns"]
) -> tuple[Float[Array, "M d columns"], Propagator]:
    """Solve `z_{m+1} = A_m z_m + b_m` with `z_0 = 0` for all m at once.

    Arguments:
        matrices: the `A_m`.
        offsets: the `b_m`, one column per problem.

    Returns:
        `z_1 ... z_M`, and the renormalised products `A_{m-1} ... A_0`. A `z_m` that does not fit
        the dtype is infinite or NaN; the products always fit.

    Source: Blelloch, Prefix sums and their applications (1990).
    """
    propagators = _renormalised(matrices, jnp.zeros(matrices.shape[:1], matrices.dtype))
    products, solution = jax.lax.associative_scan(_combine, (propagators, offsets))
    return solution, products


def _combine(
    first: tuple[Propagator, Array], second: tuple[Propagator, Array]
) -> tuple[Propagator, Array]:
    """Compose two affine maps, the first applied first."""
    (first_map, first_offset), (second_map, second_offset) = first, second
    carried = _product(second_map.matrix, first_offset)
    offset = jnp.exp(second_map.log_scale)[..., None, None] * carried + second_offset
    product = _product(second_map.matrix, first_map.matrix)
    return _renormalised(product, first_map.log_scale + second_map.log_scale), offset


def _renormalised(matrix: Array, log_scale: Array) -> Propagator:
    largest = jnp.max(jnp.abs(matrix), axis=(-2, -1), initial=0)
    largest = jnp.where(largest > 0, largest, 1)
    return Propagator(matrix / largest[..., None, None], log_scale + jnp.log(largest))


def _product(left: Array, right: Array) -> Array:
    if left.shape[-1] <= _SMALL:
        return jnp.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)
    return jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)
