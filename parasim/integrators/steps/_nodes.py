"""The times between which the inner steps of a window go."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

# A window that is longer than a whole number of steps by less than this part of one is divided into
# that number: its length has rounding errors.
STEP_SLACK = 0.01


class Slot(NamedTuple):
    """What one inner step is made from, besides the state; or all steps, along a leading axis.

    Attributes:
        start, end: the times that it goes between.
        increments: of the terms' controls between them; None if the terms are asked.
        moving: whether it is made at all; None: it is.
        dt: its size, where every step has its own; None: all have the same.
    """

    start: Any
    end: Any
    increments: PyTree = None
    moving: Any = None
    dt: Any = None


def step_count(t0: Any, t1: Any, step_size: Any, most: int) -> Int[Array, ""]:
    """Return how many steps, of `step_size` or a little less, make up the time from t0 to t1."""
    steps = jnp.ceil((t1 - t0) / jnp.asarray(step_size, jnp.result_type(t1)) - STEP_SLACK)
    # What is not finite compares false.
    return jnp.where(steps < most, jnp.maximum(steps, 1), most).astype(jnp.int32)


def window_node(t0: Any, t1: Any, count: Int[Array, ""], index: Int[Array, "*nodes"]) -> Array:
    """Return the times of nodes, `count + 1` of them equally spaced from t0 to t1, both exact.

    Nodes beyond `count` are at t1.
    """
    dtype = jnp.result_type(t0)
    time = t0 + (t1 - t0) * (index.astype(dtype) / count.astype(dtype))
    return jnp.where(index < count, time, t1)


def window_nodes(t0: Any, t1: Any, count: Int[Array, ""], steps: int) -> Array:
    """Return the times of the nodes 0 to `steps`, of which those beyond `count` are at t1."""
    return window_node(t0, t1, count, jnp.arange(steps + 1, dtype=jnp.int32))


def inner_step_at(t0: Any, t1: Any, count: Int[Array, ""], t: Any) -> Int[Array, "*times"]:
    """Return the indices of the steps that times lie in.

    A node belongs to the step that ends there, as in diffrax; times outside to the steps at the
    ends.
    """
    length = jnp.where(t1 > t0, t1 - t0, jnp.ones_like(t1))
    place = jnp.ceil((t - t0) / length * count.astype(jnp.result_type(t1)))
    index = jnp.clip(place.astype(jnp.int32) - 1, 0, count - 1)
    # Next to a node rounding may have chosen the wrong side.
    early = t <= window_node(t0, t1, count, index)
    late = t > window_node(t0, t1, count, index + 1)
    return jnp.clip(index - early.astype(jnp.int32) + late.astype(jnp.int32), 0, count - 1)
