"""The states that a run has been through, and the first guess that can be made from them.

A trajectory that comes near a place where it was before goes on nearly as it did then; one that
rests goes on resting. That takes no step at all, and on limit cycles, and on chaotic attractors for
a few Lyapunov times, it is closer than a coarse pass.

Source: the analogues of Lorenz, J. Atmos. Sci. 26 (1969).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

# Mean squared distances, in variances: from the first on a trajectory has been elsewhere, up to the
# second a state is like another, and within the third it has rested, for so many steps.
_AWAY, _LIKE, _AT_REST, _RESTED = 0.5, 0.01, 1e-6, 256

# Longer pasts have closer analogues: 8,192 states make Newton's method converge over twice as many
# steps as 512 do (measured on 11 systems), and 32,768 over another fifth.
_MOST_STATES = 8192
_MOST_BYTES = 2**22


class Past(NamedTuple):
    """The last states of a run, in a ring.

    Attributes:
        states: after each of the last steps.
        written: how many were, the overwritten ones included.
    """

    states: Float[Array, "H d"]
    written: Int[Array, ""]

    @property
    def room(self) -> int:
        """For how many states."""
        return self.states.shape[0]

    @classmethod
    def empty(cls, room: int, size: int, dtype: DTypeLike) -> "Past":
        """Return a past without states, with room for as many as are of use, or fewer."""
        fitting = max(_MOST_BYTES // (max(size, 1) * jnp.dtype(dtype).itemsize), 1)
        room = min(room, _MOST_STATES, fitting)
        return cls(jnp.zeros((room, size), dtype), jnp.zeros((), jnp.int32))

    def with_more(self, states: Float[Array, "N d"], count: Int[Array, ""]) -> "Past":
        """Return the past with the first `count` of the given states added."""
        room = self.room
        if not room:
            return self
        order = jnp.arange(states.shape[0], dtype=jnp.int32)
        kept = (order < count) & (order >= count - room)
        place = jnp.where(kept, (self.written + order) % room, room)
        return Past(self.states.at[place].set(states, mode="drop"), self.written + count)

    def analogue(self) -> Int[Array, ""]:
        """Find the state most like the last one, of before the trajectory left its neighbourhood.

        Distances are in standard deviations of each variable over the past. A trajectory that rests
        is its own analogue.

        Returns:
            How many steps ago it was; -1 if there is none.
        """
        room, none = self.room, jnp.full((), -1, jnp.int32)
        if not room:
            return none
        age = jnp.arange(room, dtype=jnp.int32)
        known = age < self.written
        states = self.states[(self.written - 1 - age) % room]
        dtype = states.dtype
        weights = known[:, None].astype(dtype) / jnp.maximum(jnp.sum(known), 1).astype(dtype)
        mean = jnp.sum(weights * states, axis=0, keepdims=True)
        variance = jnp.sum(weights * (states - mean) ** 2, axis=0, keepdims=True)
        scaled = (states - states[:1]) ** 2 / jnp.where(variance > 0, variance, 1)
        distance = jnp.where(known, jnp.mean(scaled, axis=-1), 0)
        away = jax.lax.cummax(distance) > _AWAY
        candidates = known & away & (distance < _LIKE)
        rests = (self.written >= _RESTED) & jnp.all((distance < _AT_REST) | (age >= _RESTED))
        nearest = jnp.argmin(jnp.where(candidates, distance, jnp.inf)).astype(jnp.int32)
        return jnp.where(jnp.any(candidates), nearest, jnp.where(rests, 0, none))

    def continued(self, nearest: Int[Array, ""], count: int, interval: int) -> Float[Array, "M d"]:
        """Return the states at the ends of M intervals of L steps, as they were after an analogue.

        Beyond the present they begin again with it, as on a limit cycle.

        Arguments:
            nearest: how many steps ago the analogue was.
            count: M.
            interval: L.
        """
        room = self.room
        later = interval * jnp.arange(1, count + 1, dtype=jnp.int32)
        period = jnp.maximum(nearest, 1)
        return self.states[(self.written - 1 - nearest + later % period) % room]
