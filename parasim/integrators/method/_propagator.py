"""Products of Jacobians that cannot overflow, and affine maps made of them."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from parasim.integrators.method._structure import AbstractStructure, Matrix


class Propagator(NamedTuple):
    """The matrix `exp(log_scale) * matrix`, whose largest entry in `matrix` is about 1.

    Attributes:
        matrix: in some structure, with leading axes.
        log_scale: one per matrix.
    """

    matrix: Matrix
    log_scale: Float[Array, "*M"]


class AffineMap(NamedTuple):
    """The maps `z -> A z + b`.

    Attributes:
        propagator: A.
        offset: b, one column per problem.
    """

    propagator: Propagator
    offset: Float[Array, "*M d k"]


class AffineSolution(NamedTuple):
    """The solution of an affine recurrence.

    Attributes:
        columns: `z_1 ... z_M`. One that does not fit the dtype is infinite or NaN.
        propagator: gives the product `A_m ... A_0`, renormalised so that it always fits.
    """

    columns: Float[Array, "M d k"]
    propagator: Callable[[Int[Array, ""]], Propagator]


def renormalised(
    structure: AbstractStructure, matrices: Matrix, log_scale: Float[Array, "*M"]
) -> Propagator:
    """Return the same matrices with entries up to 1."""
    largest = structure.magnitude(matrices)
    largest = jnp.where(largest > 0, largest, 1)
    return Propagator(structure.divided(matrices, largest), log_scale + jnp.log(largest))


def affine_maps(
    structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
) -> AffineMap:
    """Return `z -> A_m z + b_m` for every m."""
    return AffineMap(
        renormalised(structure, matrices, jnp.zeros(offsets.shape[:1], offsets.dtype)), offsets
    )


def applied(
    structure: AbstractStructure, propagator: Propagator, columns: Float[Array, "*M d k"]
) -> Float[Array, "*M d k"]:
    """Return what becomes of columns."""
    carried = structure.apply(propagator.matrix, columns)
    return jnp.exp(propagator.log_scale)[..., None, None] * carried


def composed(structure: AbstractStructure, first: AffineMap, second: AffineMap) -> AffineMap:
    """Compose affine maps, the first ones applied first."""
    offset = applied(structure, second.propagator, first.offset) + second.offset
    log_scale = first.propagator.log_scale + second.propagator.log_scale
    matrix = structure.times(second.propagator.matrix, first.propagator.matrix)
    return AffineMap(renormalised(structure, matrix, log_scale), offset)
