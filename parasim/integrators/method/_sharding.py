"""Work along a window divided among several devices."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, PyTree


def over_devices(function: Callable[[PyTree], PyTree], mesh: Mesh | None, each: PyTree) -> PyTree:
    """Compute something along leading axes, each device its part of them.

    The compiler divides the work, as its inputs and outputs are divided.

    Arguments:
        function: what it returns has the leading axis of its argument, and an entry of that depends
            on the same entry of the argument only.
        mesh: of one axis; None: this device does it all.
        each: arrays whose leading axis is divided.
    """
    if mesh is None:
        return function(each)
    sharding = NamedSharding(mesh, PartitionSpec(*mesh.axis_names))

    def divided(tree: PyTree) -> PyTree:
        return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, sharding), tree)

    count = jax.tree.leaves(each)[0].shape[0]
    results = divided(function(divided(jax.tree.map(lambda leaf: padded(leaf, mesh.size), each))))
    return jax.tree.map(lambda leaf: leaf[:count], results)


def padded(leaf: Array, multiple: int) -> Array:
    """Repeat the last entry until there are a multiple of so many."""
    return jnp.concatenate([leaf, jnp.repeat(leaf[-1:], -leaf.shape[0] % multiple, axis=0)])


def automatic(mesh: Any) -> Any:
    """Return the same mesh with axes along which the compiler divides the work.

    Those of `jax.make_mesh` are explicit ones, in which every operation would have to say how.
    """
    return Mesh(mesh.devices, mesh.axis_names) if isinstance(mesh, Mesh) else mesh


def one_axis(mesh: Any) -> bool:
    """Whether this is a mesh of one axis."""
    return isinstance(mesh, Mesh) and len(mesh.axis_names) == 1
