"""A state of any structure as one real vector, which is what Newton's method works on."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree


class Flattening(eqx.Module):
    """The map between states shaped like an example and real vectors, and back.

    Complex leaves become their real and imaginary parts: a vector field need not be holomorphic,
    so its derivative is a real one.

    Arguments:
        example: a state; only structure, shapes and dtypes count.
    """

    size: int = eqx.field(static=True)
    dtype: Any = eqx.field(static=True)
    _unravel: Any = eqx.field(static=True)
    _complex: tuple[bool, ...] = eqx.field(static=True)

    def __init__(self, example: PyTree):
        leaves = jax.tree.map(
            lambda leaf: jnp.zeros(jnp.shape(leaf), jnp.result_type(leaf)), example
        )
        self._complex = tuple(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(leaves))
        vector, self._unravel = _ravel(self._split(leaves))
        self.size = vector.size
        self.dtype = vector.dtype

    def flatten(self, state: PyTree) -> Float[Array, " size"]:
        """Return the state as one real vector."""
        return _ravel(self._split(state))[0]

    def unflatten(self, vector: Float[Array, " size"]) -> PyTree:
        """Return the state that a vector stands for, with the example's structure and dtypes."""
        leaves, treedef = jax.tree.flatten(self._unravel(vector), is_leaf=_is_pair)
        return jax.tree.unflatten(
            treedef, [jax.lax.complex(*leaf) if _is_pair(leaf) else leaf for leaf in leaves]
        )

    def on_vectors(
        self, step: Callable[[PyTree, PyTree], PyTree]
    ) -> Callable[[Array, PyTree], Array]:
        """Return the step map `(y, x) -> y` as one from vectors to vectors."""
        return lambda vector, x: self.flatten(step(self.unflatten(vector), x))

    def _split(self, state: PyTree) -> PyTree:
        if not any(self._complex):
            return state
        leaves, treedef = jax.tree.flatten(state)
        pairs = [
            _Pair((jnp.real(leaf), jnp.imag(leaf))) if is_complex else leaf
            for leaf, is_complex in zip(leaves, self._complex, strict=True)
        ]
        return jax.tree.unflatten(treedef, pairs)


class _Pair(tuple):
    """A complex leaf's real and imaginary parts, told apart from the user's own tuples."""


jax.tree_util.register_pytree_node(_Pair, lambda pair: (tuple(pair), None), lambda _, xs: _Pair(xs))


def _ravel(state: PyTree) -> tuple[Array, Callable[[Array], PyTree]]:
    with jax.numpy_dtype_promotion("standard"):  # of leaves that differ, and come back as they were
        return ravel_pytree(state)


def _is_pair(node: Any) -> bool:
    return isinstance(node, _Pair)
