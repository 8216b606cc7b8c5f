"""The affine recurrence by kernels of a GPU: a tree of short loops in registers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.kernels._choice import fused_scan, kernels_in_use, loop_kernel
from parasim.integrators.method._propagator import (
    AffineMap,
    AffineSolution,
    Propagator,
    affine_maps,
    applied,
    composed,
    renormalised,
)
from parasim.integrators.method._structure import AbstractStructure, Matrix


def fused_solution(
    structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"], length: int
) -> AffineSolution | None:
    """Solve `z_{m+1} = A_m z_m + b_m` with `z_0 = 0` for all m, by two kernels per level.

    The first composes the maps of each block of so many neighbours, all blocks side by side and
    each in registers; the composed maps are solved in the same way; and the second solves each
    block from where the one before it ends.

    Arguments:
        structure: of the matrices.
        matrices: the `A_m`, along leading axes.
        offsets: the `b_m`.
        length: of the blocks.

    Returns:
        None where kernels are not in use, or cannot hold such matrices.

    Source: Blelloch, Prefix sums and their applications (1990), section 1.3, level by level.
    """
    if not kernels_in_use():
        return None
    maps = affine_maps(structure, matrices, offsets)
    return _solved(structure, maps, offsets.shape[0], length)


def _solved(
    structure: AbstractStructure, maps: AffineMap, count: int, length: int
) -> AffineSolution | None:
    blocks = -(-count // length)
    length = -(-count // blocks)

    def cut(leaf: Array) -> Array:
        padded = jnp.concatenate([leaf, jnp.repeat(leaf[-1:], blocks * length - count, axis=0)])
        return padded.reshape(blocks, length, *leaf.shape[1:])

    def compose(so_far: AffineMap, next_: AffineMap) -> tuple[AffineMap, None]:
        return composed(structure, so_far, next_), None

    def substitute(columns: Array, next_: AffineMap) -> tuple[Array, Array]:
        columns = applied(structure, next_.propagator, columns) + next_.offset
        return columns, columns

    inside = jax.tree.map(cut, maps)
    start, higher = jnp.zeros_like(inside.offset[:, 0]), None
    if blocks > 1:
        whole = _run(compose, _first(inside), _others(inside))
        higher = None if whole is None else _solved(structure, whole[0], blocks, length)
        if higher is None:
            return None
        start = jnp.concatenate([start[:1], higher.columns[:-1]])
    substituted = _run(substitute, start, inside)
    if substituted is None:
        return None

    def propagator(m: Int[Array, ""]) -> Propagator:
        block = m // length
        own = _product(structure, _pick(inside.propagator, block), m % length)
        if higher is None:
            return own
        both = _times(structure, own, higher.propagator(jnp.maximum(block - 1, 0)))
        return _where(block > 0, both, own)

    return AffineSolution(jax.lax.collapse(substituted[1], 0, 2)[:count], propagator)


def _product(
    structure: AbstractStructure, propagators: Propagator, last: Int[Array, ""]
) -> Propagator:
    """Return the product of propagators along the leading axis up to the last one."""

    def body(so_far: Propagator, x: tuple[Propagator, Array]) -> tuple[Propagator, None]:
        next_, counts = x
        return _where(counts, _times(structure, next_, so_far), so_far), None

    first = _pick(propagators, 0)
    others = jax.tree.map(lambda leaf: leaf[1:], propagators)
    counted = jnp.arange(1, propagators.log_scale.shape[0], dtype=last.dtype) <= last
    if not counted.size:
        return first
    return fused_scan(body, first, (others, counted))[0]


def _times(structure: AbstractStructure, later: Propagator, earlier: Propagator) -> Propagator:
    matrix = structure.times(later.matrix, earlier.matrix)
    return renormalised(structure, matrix, later.log_scale + earlier.log_scale)


def _run(body: Callable, init: PyTree, xs: PyTree) -> tuple[PyTree, PyTree] | None:
    kernel = loop_kernel(body, init, xs)
    return None if kernel is None else kernel(init, xs)


def _pick(tree: PyTree, place: Any) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[place], tree)


def _first(tree: PyTree) -> PyTree:
    """Return the first of every block."""
    return jax.tree.map(lambda leaf: leaf[:, 0], tree)


def _others(tree: PyTree) -> PyTree:
    """Return all but the first of every block."""
    return jax.tree.map(lambda leaf: leaf[:, 1:], tree)


def _where(condition: Bool[Array, ""], first: PyTree, second: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), first, second)
