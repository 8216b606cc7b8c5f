"""Operations on object arrays of numbers, which move or combine their entries."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np


class NotScalar(Exception):
    """A function cannot be written out on scalars."""


def placed(name: str, operands: list[np.ndarray], params: dict, shape: tuple) -> np.ndarray:
    """Move entries by numpy."""
    first = operands[0]
    match name:
        case "squeeze" | "reshape" | "expand_dims":
            return first.reshape(shape)
        case "broadcast_in_dim":
            aligned = [1] * len(shape)
            for size, axis in zip(first.shape, params["broadcast_dimensions"], strict=True):
                aligned[axis] = size
            return np.broadcast_to(first.reshape(aligned), shape)
        case "transpose":
            return first.transpose(params["permutation"])
        case "rev":
            return np.flip(first, params["dimensions"])
        case "concatenate":
            return np.concatenate(operands, axis=params["dimension"])
        case "slice":
            strides = params["strides"] or (1,) * first.ndim
            limits = params["start_indices"], params["limit_indices"], strides
            return first[tuple(slice(*one) for one in zip(*limits, strict=True))]
    raise NotScalar(f"{name} is no operation on scalars")


def reduced(operation: Callable, array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    rows = array.transpose([*kept, *axes]).reshape(*(array.shape[axis] for axis in kept), -1)
    if not rows.shape[-1]:
        raise NotScalar("a reduction of nothing")
    every = rows.reshape(-1, rows.shape[-1])
    return filled(rows.shape[:-1], (functools.reduce(operation, row) for row in every))


def product(left: np.ndarray, right: np.ndarray, dimensions: Any) -> np.ndarray:
    """Multiply as `jax.lax.dot_general`: axes of the batch, free left ones, free right ones."""
    (summed_left, summed_right), (batch_left, batch_right) = dimensions

    def sorted_axes(array: np.ndarray, batch: Any, summed: Any) -> tuple[np.ndarray, list[int]]:
        free = [axis for axis in range(array.ndim) if axis not in (*batch, *summed)]
        return array.transpose([*batch, *free, *summed]), [array.shape[axis] for axis in free]

    one, free_left = sorted_axes(left, batch_left, summed_left)
    two, free_right = sorted_axes(right, batch_right, summed_right)
    batch = list(one.shape[: len(batch_left)])
    count = math.prod([left.shape[axis] for axis in summed_left])
    if not count:
        raise NotScalar("a product of empty matrices")
    sizes = [math.prod(part) for part in (batch, free_left, free_right)]
    one, two = one.reshape(sizes[0], sizes[1], count), two.reshape(sizes[0], sizes[2], count)
    entries = (
        functools.reduce(jax.lax.add, map(jax.lax.mul, one[b, i], two[b, j]))
        for b in range(sizes[0])
        for i in range(sizes[1])
        for j in range(sizes[2])
    )
    return filled((*batch, *free_left, *free_right), entries)


def filled(shape: Sequence[int], entries: Any) -> np.ndarray:
    """Return an object array of the next entries."""
    array = np.empty(math.prod(shape), dtype=object)
    for place in range(array.size):
        array[place] = next(entries)
    return array.reshape(shape)


def entry(entries: list[Any], place: Any) -> Any:
    if not 0 <= place < len(entries):
        raise NotScalar("an index out of bounds")
    return entries[int(place)]
