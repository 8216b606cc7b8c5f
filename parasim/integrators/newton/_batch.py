"""One decision for a whole batch.

Under `vmap` a `lax.cond` whose predicate differs between members runs both branches for all of
them. These make a flag that is the same for all members, so that the choice stays a choice.
"""

import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Int


@custom_vmap
def all_members(flag: Bool[Array, ""]) -> Bool[Array, ""]:
    """Whether the flag is set in every member of the batch; the flag itself outside `vmap`."""
    return flag


@all_members.def_vmap
def _all_members(axis_size: int, in_batched: list[bool], flag: Array) -> tuple[Array, bool]:
    del axis_size
    return all_members(jnp.all(flag, axis=0) if in_batched[0] else flag), False


def any_member(flag: Bool[Array, ""]) -> Bool[Array, ""]:
    """Whether the flag is set in any member of the batch; the flag itself outside `vmap`."""
    return jnp.logical_not(all_members(jnp.logical_not(flag)))


@custom_vmap
def largest_member(value: Int[Array, ""]) -> Int[Array, ""]:
    """Return the largest value in the batch; the value itself outside `vmap`."""
    return value


@largest_member.def_vmap
def _largest_member(axis_size: int, in_batched: list[bool], value: Array) -> tuple[Array, bool]:
    del axis_size
    return largest_member(jnp.max(value, axis=0) if in_batched[0] else value), False
