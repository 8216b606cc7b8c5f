"""Steps of different sizes: the times between which they go, and how they are divided."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Mesh(NamedTuple):
    """The times between which the steps of a window go, in slots of which some are not used.

    Attributes:
        nodes: the times, N + 1 of them; those behind the last step are where it ends.
        steps: how many there are.
    """

    nodes: Float[Array, " nodes"]
    steps: Int[Array, ""]

    @property
    def slots(self) -> int:
        """N, the steps that there is room for."""
        return self.nodes.shape[0] - 1

    @property
    def end(self) -> Float[Array, ""]:
        """Where the last step ends."""
        return self.nodes[-1]

    @property
    def made(self) -> Bool[Array, " N"]:
        """Which slots are steps."""
        return jnp.arange(self.slots, dtype=jnp.int32) < self.steps

    @classmethod
    def of_ends(cls, start: Any, ends: Float[Array, " N"], count: Int[Array, ""]) -> "Mesh":
        """Return the mesh of steps one after the other, by where they end."""
        nodes = jnp.concatenate([jnp.asarray(start, ends.dtype)[None], ends])
        return cls(_standing(nodes, count), count)

    def first(self, count: Int[Array, ""]) -> "Mesh":
        """Return the first steps of it."""
        return Mesh(_standing(self.nodes, count), count)

    def divided(self, parts: Int[Array, " N"]) -> tuple["Mesh", Int[Array, " N"]]:
        """Divide every step into equal parts; steps for which there is no room are left out.

        Arguments:
            parts: of each step.

        Returns:
            The mesh, and which step each of its steps is a part of.
        """
        parts = jnp.where(self.made, jnp.clip(parts, 1, self.slots + 1), 0)
        # Beyond the room only that it does not suffice is of interest, and sums must not overflow.
        behind = jnp.cumsum(jnp.minimum(parts, self.slots + 1).astype(self.nodes.dtype))
        behind = jnp.minimum(behind, self.slots + 1).astype(jnp.int32)
        count = jnp.max(jnp.where(behind <= self.slots, behind, 0))
        index = jnp.arange(self.slots + 1, dtype=jnp.int32)
        step = jnp.searchsorted(behind, index, side="right").astype(jnp.int32)
        step = jnp.minimum(step, self.slots - 1)
        before = jnp.concatenate([jnp.zeros_like(behind[:1]), behind[:-1]])
        place = index - before[step]
        fraction = place.astype(self.nodes.dtype) / jnp.maximum(parts, 1)[step].astype(
            self.nodes.dtype
        )
        start, end = self.nodes[step], self.nodes[step + 1]
        nodes = jnp.where(place == parts[step], end, start + (end - start) * fraction)
        return Mesh(_standing(nodes, count), count), step[:-1]

    def followed_by(self, other: "Mesh") -> tuple["Mesh", Int[Array, " N"]]:
        """Return these steps and then the other ones, as far as there is room.

        Returns:
            The mesh, and where each of its steps is in the other mesh; negative: it is in this one.
        """
        index = jnp.arange(self.slots, dtype=jnp.int32) - self.steps
        ends = jnp.where(index < 0, self.nodes[1:], other.nodes[jnp.maximum(index, -1) + 1])
        count = jnp.minimum(self.steps + other.steps, self.slots)
        return Mesh.of_ends(self.nodes[0], ends, count), index

    def step_at(self, t: Any) -> Int[Array, "*times"]:
        """Return the indices of the steps that times lie in.

        A node belongs to the step that ends there, as in diffrax; times outside to the steps at the
        ends.
        """
        index = jnp.searchsorted(self.nodes, t, side="left").astype(jnp.int32) - 1
        return jnp.clip(index, 0, jnp.maximum(self.steps - 1, 0))


def _standing(nodes: Float[Array, " nodes"], count: Int[Array, ""]) -> Float[Array, " nodes"]:
    index = jnp.arange(nodes.shape[0], dtype=jnp.int32)
    return jnp.where(index <= count, nodes, nodes[count])
