"""Loops through affine maps, one after the other: what scans by blocks are made of."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

from parasim.integrators.method._propagator import (
    AffineMap,
    Propagator,
    affine_maps,
    composed,
    renormalised,
)
from parasim.integrators.method._sharding import padded
from parasim.integrators.method._structure import AbstractStructure, Matrix


def composed_whole(structure: AbstractStructure, matrices: Matrix, offsets: Array) -> AffineMap:
    """Compose the maps along the leading axis, those along the next one side by side."""

    def body(so_far: AffineMap, next_: tuple[Matrix, Array]) -> tuple[AffineMap, None]:
        return composed(structure, so_far, affine_maps(structure, *next_)), None

    both = matrices, offsets
    rest = jax.tree.map(lambda leaf: leaf[1:], both)
    return jax.lax.scan(body, affine_maps(structure, *pick(both, 0)), rest)[0]


def substituted(
    structure: AbstractStructure, matrices: Matrix, offsets: Array, start: Array
) -> Array:
    """Solve along the leading axis, one after the other."""

    def body(columns: Array, x: tuple[Matrix, Array]) -> tuple[Array, Array]:
        matrix, offset = x
        columns = structure.apply(matrix, columns) + offset
        return columns, columns

    return jax.lax.scan(body, start, (matrices, offsets))[1]


def multiplied(structure: AbstractStructure, matrices: Matrix, m: Int[Array, ""]) -> Propagator:
    """Return the product of the first m + 1 matrices along the leading axis."""
    first = pick(matrices, 0)
    start = renormalised(structure, first, jnp.zeros_like(structure.magnitude(first)))

    def body(place: Int[Array, ""], so_far: Propagator) -> Propagator:
        matrix = structure.times(pick(matrices, place), so_far.matrix)
        return renormalised(structure, matrix, so_far.log_scale)

    return jax.lax.fori_loop(jnp.ones((), jnp.int32), m + 1, body, start)


def cut(leaf: Array, length: int) -> Array:
    """Cut an array into blocks, with the places within blocks along the leading axis."""
    leaf = padded(leaf, length)
    return jnp.swapaxes(leaf.reshape(-1, length, *leaf.shape[1:]), 0, 1)


def multiplied_up_to(
    structure: AbstractStructure, inside: Matrix, whole: Propagator, m: Int[Array, ""]
) -> Propagator:
    """Return the product of the first m + 1 matrices, of matrices in blocks.

    Arguments:
        structure: of the matrices.
        inside: the matrices, as `cut`.
        whole: the products up to the end of each block.
        m: of the last one.
    """
    length = jax.tree.leaves(inside)[0].shape[0]
    block = m // length
    own = multiplied(structure, jax.tree.map(lambda leaf: leaf[:, block], inside), m % length)
    earlier = pick(whole, jnp.maximum(block - 1, 0))
    matrix = structure.times(own.matrix, earlier.matrix)
    both = renormalised(structure, matrix, own.log_scale + earlier.log_scale)
    return where_leading(block > 0, both, own)


def pick(tree: PyTree, place: Any) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[place], tree)


def where_leading(condition: Array, first: PyTree, second: PyTree) -> PyTree:
    """Choose along leading axes."""

    def one(a: Array, b: Array) -> Array:
        shape = condition.shape + (1,) * (a.ndim - condition.ndim)
        return jnp.where(condition.reshape(shape), a, b)

    return jax.tree.map(one, first, second)
