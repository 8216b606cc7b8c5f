"""What a coarse step does to a difference, instead of a Jacobian: Parareal."""

# Equinox declares these members as class variables and means "a field or a constant".
# pyright: reportIncompatibleVariableOverride=false

from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from parasim._errors import ConfigError
from parasim.integrators.method._structure import AbstractStructure, Linearisation, Matrix


class CoarseDifference(AbstractStructure):
    """What a coarse step over an interval makes of an update: `G(s + z) - G(s)`.

    It takes no tangents, but an update must be found interval by interval, with `Sequential()`: so
    many coarse steps one after the other. Recurrences without a coarse step cannot have it.

    Source: Lions, Maday & Turinici, C. R. Acad. Sci. 332 (2001); as Newton's method with this
    Jacobian: Gander & Vandewalle, SIAM J. Sci. Comput. 29 (2007).
    """

    exact: ClassVar[bool] = False
    products: ClassVar[bool] = False
    step: Callable[[Array, PyTree], Array] | None = None

    def check(self, size: int) -> None:
        """Raise ConfigError where there is no coarse step."""
        del size
        if self.step is None:
            raise ConfigError(
                "CoarseDifference() needs a coarse step, which only differential equations have: "
                "for a recurrence use Dense(), Diagonal() or Zero()"
            )

    def tangents(self, size: int) -> int:
        """Return 0."""
        del size
        return 0

    def numbers(self, size: int) -> int:
        """Return d."""
        return size

    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return the ends; and the starts, with the inputs of their coarse steps."""
        return intervals.ends, (intervals.starts, intervals.coarse_inputs)

    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Return the differences of one interval's coarse steps."""
        assert self.step is not None
        start, inputs = matrices
        end = self.step(start, inputs)
        moved = jax.vmap(self.step, (-1, None), -1)(start[:, None] + columns, inputs)
        return moved - end[:, None]

    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Refuse: differences have no products."""
        del later, earlier
        raise ConfigError(
            "the differences of coarse steps have no products: use linear_solver=Sequential()"
        )

    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return 1."""
        starts = matrices[0]
        return jnp.ones(starts.shape[:-1], starts.dtype)

    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Return the same."""
        del by
        return matrices
