"""Where XLA's CPU compiler has to be helped."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, PyTree

from parasim.integrators.method._devices import device_in_use

# As many stay in registers: a loop over steps becomes one kernel, but its gradient does not.
FEW_VARIABLES = 3


def stored(tree: PyTree, always: bool = False) -> PyTree:
    """Return the same, but computed once and not by everything that reads it.

    The compiler computes an array again wherever it is read, and what that was computed from
    again in each of those places. On a CPU that made steps of Lorenz-96 with 40 variables three
    times slower, and a gradient through five coupled scalars 40 times. A division is the cheapest
    thing that it never repeats; what divides here is 1, which it does not know.

    Arguments:
        tree: arrays.
        always: also where they are few numbers, which else stay in registers if no derivatives
            are taken.
    """
    few = sum(leaf.size for leaf in jax.tree.leaves(tree)) <= FEW_VARIABLES
    return jax.tree.map(lambda leaf: _stored.bind(leaf, really=always or not few), tree)


_stored = Primitive("parasim_stored")


@_stored.def_impl
def _same(leaf: Any, really: bool) -> Any:
    del really
    return leaf


_stored.def_abstract_eval(_same)
mlir.register_lowering(_stored, mlir.lower_fun(_same, multiple_results=False))


def _divided(leaf: Array, really: bool) -> Array:
    """Divide by as many ones: by one for all it would become a product, which is repeated."""
    if not really:
        return leaf
    if jnp.iscomplexobj(leaf):
        return jax.lax.complex(_divided(leaf.real, really), _divided(leaf.imag, really))
    return leaf / jax.lax.optimization_barrier(jnp.ones(leaf.shape, leaf.dtype))


mlir.register_lowering(_stored, mlir.lower_fun(_divided, multiple_results=False), platform="cpu")


def _batch(leaves: Sequence[Array], axes: Sequence[int], really: bool) -> tuple[Array, int]:
    return _stored.bind(*leaves, really=really), axes[0]


def _jvp(
    leaves: Sequence[Array], tangents: Sequence[Any], really: bool
) -> tuple[Array, Array | ad.Zero]:
    del really
    (leaf,), (tangent,) = leaves, tangents
    kept = _stored.bind(leaf, really=True)
    return kept, tangent if isinstance(tangent, ad.Zero) else _stored.bind(tangent, really=True)


def _transpose(cotangent: Any, leaf: Any, really: bool) -> list[Any]:
    del leaf
    zero = isinstance(cotangent, ad.Zero)
    return [cotangent if zero else _stored.bind(cotangent, really=really)]


batching.primitive_batchers[_stored] = _batch
ad.primitive_jvps[_stored] = _jvp
ad.primitive_transposes[_stored] = _transpose


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
