"""Structures of one number per interval: multiples of the unit matrix instead of the Jacobian."""

# Equinox declares these members as class variables and means "a field or a constant".
# pyright: reportIncompatibleVariableOverride=false

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim.integrators.method._structure import AbstractInvertible, Linearisation, Matrix


class _Multiple(AbstractInvertible):
    """A multiple of the unit matrix instead of the Jacobian."""

    factor: eqx.AbstractClassVar[float]

    def check(self, size: int) -> None:
        """Accept every size."""
        del size

    def tangents(self, size: int) -> int:
        """Return 0."""
        del size
        return 0

    def numbers(self, size: int) -> int:
        """Return 1."""
        del size
        return 1

    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return the ends, and M factors."""
        starts = intervals.starts
        return intervals.ends, jnp.full(starts.shape[:1], self.factor, starts.dtype)

    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Multiply columns by factors."""
        return matrices[..., None, None] * columns

    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Multiply factors."""
        return later * earlier

    def transposed(self, matrices: Matrix) -> Matrix:
        """Return the same."""
        return matrices

    def unit(self, like: Matrix) -> Matrix:
        """Return factors of 1."""
        return jnp.ones_like(like)

    def resolvent(self, matrices: Matrix) -> Matrix:
        """Return `1 / (1 + a)`."""
        return 1 / (1 + matrices)

    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return the factors' absolute values."""
        return jnp.abs(matrices)

    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Divide each factor by a number."""
        return matrices / by


class Identity(_Multiple):
    """The unit matrix instead of the Jacobian: Picard's iteration, which takes no tangents.

    It converges where steps are small, as the Jacobian of a step of size h is `I + O(h)`.

    Source: Picard, J. Math. Pures Appl. 6 (1890); as a member of this family: Gonzalez et al.,
    arXiv 2509.21716.
    """

    exact: ClassVar[bool] = False
    factor: ClassVar[float] = 1.0


class Zero(_Multiple):
    """Nothing instead of the Jacobian: Jacobi's iteration, which takes no tangents and no scan.

    All intervals start from where the ones before them ended in the last iteration. It is exact
    after as many iterations as there are intervals, and sooner where a recurrence forgets.

    Source: Song et al., ICML 2021, arXiv 2002.03629.
    """

    exact: ClassVar[bool] = False
    factor: ClassVar[float] = 0.0
