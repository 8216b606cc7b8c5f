"""Where XLA's CPU compiler has to be helped."""

import functools
import re
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from parasim.integrators.method._devices import device_in_use

# As many stay in registers: a loop over steps becomes one kernel, but its gradient does not.
FEW_VARIABLES = 3


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def stored(tree: PyTree, always: bool = False) -> PyTree:
    """Return the same, but computed once and not by everything that reads it.

    The compiler computes an array again wherever it is read, and what that was computed from
    again in each of those places. On a CPU that made steps of Lorenz-96 with 40 variables three
    times slower, and a gradient through five coupled scalars 40 times. A division is the cheapest
    thing that it never repeats; what divides here is 1, which it does not know.

    Arguments:
        tree: arrays.
        always: also where they are few numbers, which else stay in registers.
    """
    few = sum(leaf.size for leaf in jax.tree.leaves(tree)) <= FEW_VARIABLES
    if few and not always:
        # The compiler drops the factor. But under `vmap` jax expects the batch's axis to be where
        # the rule below puts it, and after `jnp.stack` it is not.
        return jax.tree.map(lambda leaf: leaf * jnp.ones(leaf.shape, leaf.dtype), tree)
    return _divided(tree)


@stored.defjvp
def _stored_jvp(
    always: bool, trees: tuple[PyTree], tangents: tuple[PyTree]
) -> tuple[PyTree, PyTree]:
    del always
    return _divided(trees[0]), _divided(tangents[0])


def costly(function: Callable[..., PyTree], *arguments: PyTree) -> bool:
    """Whether a function takes exponentials and the like: to repeat them costs more than to store.

    Those of parameters only do not count, which are the same in every step of a loop.

    Morris and Lecar's two variables: 0.19 us per step of Tsit5 stored, 0.73 in registers; Lorenz's
    three, without any: 0.30 and 0.04.
    """
    program = jax.make_jaxpr(function)(*arguments).jaxpr
    varying = {id(variable) for variable in program.invars}
    for equation in program.eqns:
        if any(id(variable) in varying for variable in equation.invars):
            varying.update(id(variable) for variable in equation.outvars)
            if _COSTLY.search(str(equation)):
                return True
    return False


def scan_in_blocks(
    body: Callable[[PyTree, PyTree], tuple[PyTree, PyTree]], init: PyTree, xs: PyTree
) -> tuple[PyTree, PyTree]:
    """Return what `jax.lax.scan` does, by a loop over blocks whose arrays are small on a CPU.

    Where no array in a loop has more than 512 bytes, XLA's CPU runtime makes the kernels of its
    body one after the other; else it hands each of them to a pool of threads. The many small ones
    of an implicit step of three variables took 1.8 times as long because the loop read the times
    of 2,000 steps, and 1.0 in blocks of 40.
    """
    count = jax.tree.leaves(xs)[0].shape[0]
    first = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), xs)
    each = [first, *jax.eval_shape(body, init, first)]
    fit = small_block(each, count)
    block = max((size for size in range(1, fit + 1) if count % size == 0), default=1)
    if device_in_use().platform != "cpu" or block < _SHORTEST_BLOCK:
        return jax.lax.scan(body, init, xs)
    blocks = jax.tree.map(lambda leaf: leaf.reshape(-1, block, *leaf.shape[1:]), xs)
    last, ys = jax.lax.scan(lambda carry, some: jax.lax.scan(body, carry, some), init, blocks)
    return last, jax.tree.map(lambda leaf: leaf.reshape(count, *leaf.shape[2:]), ys)


def small_block(each: PyTree, count: int) -> int:
    """Return how many of these fit into small arrays, at least one and at most so many."""
    largest = max(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(each))
    return min(max(_SMALL_BYTES // max(largest, 1), 1), count)


_SMALL_BYTES = 512
_SHORTEST_BLOCK = 4

_COSTLY = re.compile(
    r"= (exp|exp2|expm1|log|log1p|logistic|pow|sin|cos|tan|sinh|cosh|tanh|asin|acos|atan|atan2|"
    r"asinh|acosh|atanh|erf|erfc|erf_inv|lgamma|digamma|cbrt|while|scan|fft|sort)\b"
)


def _divided(tree: PyTree) -> PyTree:
    if device_in_use().platform != "cpu":
        return jax.tree.map(lambda leaf: leaf * jnp.ones(leaf.shape, leaf.dtype), tree)
    return jax.tree.map(_divided_leaf, tree)


def _divided_leaf(leaf: Array) -> Array:
    if jnp.iscomplexobj(leaf):
        return jax.lax.complex(_divided_leaf(leaf.real), _divided_leaf(leaf.imag))
    return leaf / jax.lax.optimization_barrier(jnp.ones(leaf.shape, leaf.dtype))
