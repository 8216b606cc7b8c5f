"""What memory windows and their pieces take, reckoned before anything is allocated."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim._errors import ConfigError
from parasim._memory import device_memory, size_text
from parasim.integrators.method._method import Method
from parasim.integrators.window._recurrence import Recurrence

# So many numbers there are at once, by what XLA's CPU compiler plans for windows of 256 and 1,024
# steps of 10 to 2,000 variables: within a factor of two of that (docs/design.md, decision 50).
_TANGENTS_PER_STAGE, _TANGENTS, _MATRICES, _STATES, _STAGES = 2, 2, 7, 5, 3

# The rest is for others, and for what is wrong with the numbers above.
_SHARE = 0.5


class PieceMemory(NamedTuple):
    """What a piece of a window takes, and what there is.

    Attributes:
        variables: d.
        structure: the name of the Jacobians'.
        interval: L.
        each: the bytes that every shooting interval takes on a device.
        there: the bytes that the device has; None if nobody knows.
    """

    variables: int
    structure: str
    interval: int
    each: int
    there: int | None

    @classmethod
    def of(
        cls, method: Method, variables: int, dtype: Any, stages: int = 1, unknowns: int = 0
    ) -> "PieceMemory":
        """Reckon what pieces take on the device that jax computes on.

        Arguments:
            method: of the family.
            variables: d.
            dtype: of the states.
            stages: of a step, whose tangents there are at once.
            unknowns: how many of these are solved for beside the states.
        """
        structure, interval = method.structure, method.interval
        numbers = _MATRICES * structure.numbers(variables) + _STATES * interval * variables
        if unknowns:
            numbers += _STAGES * interval * unknowns * variables**2
        else:
            tangents = structure.tangents_at_once(variables) * variables
            numbers += (_TANGENTS_PER_STAGE * stages + _TANGENTS) * tangents
        devices = 1 if method.mesh is None else method.mesh.size
        each = math.ceil(numbers * jnp.dtype(dtype).itemsize / devices)
        return cls(variables, type(structure).__name__, interval, each, device_memory())

    def needed(self, steps: int) -> int:
        """Return the bytes that a piece of so many steps takes."""
        return math.ceil(steps / self.interval) * self.each

    def fits(self, steps: int) -> bool:
        """Whether a piece of so many steps takes no more than its share of what there is."""
        return self.there is None or self.needed(steps) <= _SHARE * self.there

    def refusal(self, steps: int) -> ConfigError:
        """Return what is to be raised where not even pieces of so many steps fit."""
        return ConfigError(
            f"already {steps} steps of {self.variables} variables with {self.structure} Jacobians "
            f"take about {size_text(self.needed(steps))} of memory, and of the "
            f"{size_text(self.there or 0)} that there are they may take {_SHARE:.0%}: keep less of "
            "the Jacobians, Method(structure=...) with Banded(width), BlockDiagonal(size), "
            "Diagonal() or LowRank(rank) of parasim.methods; mode='sequential' needs none"
        )


def check_states_fit(recurrence: Recurrence, tangent: Float[Array, " d"]) -> None:
    """Refuse, while tracing, a window whose states cannot possibly fit into the device's memory.

    Arguments:
        recurrence: the window.
        tangent: as large as a state.

    Raises:
        ConfigError: with the numbers.
    """
    needed = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(recurrence.inputs))
    needed += recurrence.steps * tangent.size * tangent.dtype.itemsize
    there = device_memory()
    if there is not None and needed > there:
        raise ConfigError(
            f"a window of {recurrence.steps} steps of {tangent.size} variables takes at least "
            f"{size_text(needed)} of memory, and there are {size_text(there)}: choose shorter "
            "windows, ParallelNewton(steps=...) or newton_scan(window=...)"
        )
