"""Where XLA's CPU compiler has to be helped."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from parasim.integrators.method._devices import device_in_use

# As many stay in registers: a loop over steps becomes one kernel, but its gradient does not.
FEW_VARIABLES = 3


@jax.custom_jvp
def stored(state: PyTree) -> PyTree:
    """Return the same, but computed once and not by everything that reads it.

    The compiler computes an array again wherever it is read, and what that was computed from
    again in each of those places. On a CPU that made steps of Lorenz-96 with 40 variables three
    times slower, and a gradient through five coupled scalars 40 times. A division is the cheapest
    thing that it never repeats; what divides here is 1, which it does not know.
    """
    few = sum(leaf.size for leaf in jax.tree.leaves(state)) <= FEW_VARIABLES
    return state if few else _divided(state)


@stored.defjvp
def _stored_jvp(states: tuple[PyTree], tangents: tuple[PyTree]) -> tuple[PyTree, PyTree]:
    return _divided(states[0]), _divided(tangents[0])


def _divided(tree: PyTree) -> PyTree:
    if device_in_use().platform != "cpu":
        return tree
    return jax.tree.map(_divided_leaf, tree)


def _divided_leaf(leaf: Array) -> Array:
    if jnp.iscomplexobj(leaf):
        return jax.lax.complex(_divided_leaf(leaf.real), _divided_leaf(leaf.imag))
    return leaf / jax.lax.optimization_barrier(jnp.ones(leaf.shape, leaf.dtype))
