"""Bands around the diagonal, for fields along a line whose neighbours interact."""

# Equinox declares these members as class variables and means "a field or a constant".
# pyright: reportIncompatibleVariableOverride=false

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from parasim._errors import ConfigError
from parasim.integrators.method._checks import check_positive_int, plain
from parasim.integrators.method._structure import AbstractStructure, Linearisation, Matrix


class Banded(AbstractStructure):
    """The entries up to `width` from the diagonal, `d (2 width + 1)` numbers per interval.

    For fields along a line: in the time of a window a disturbance comes so many points far. What
    lies outside of the band is dropped, of the Jacobians and of their products, so the iteration is
    Newton's only where nothing does. The tangents of points that are more than a band apart are
    pushed as one, and there are about `2 width + 1` of them.

    Arguments:
        width: how many diagonals are kept on each side.
        periodic: whether the field is a ring.

    Source of the tangents: Curtis, Powell & Reid, J. Inst. Math. Appl. 13 (1974).
    """

    exact: ClassVar[bool] = False
    width: int = eqx.field(static=True, converter=plain)
    periodic: bool = eqx.field(default=True, static=True)

    def __check_init__(self):
        check_positive_int("the width of Banded", self.width, or_zero=True)

    def check(self, size: int) -> None:
        """Raise ConfigError where a band is wider than the matrix."""
        if 2 * self.width + 1 > size:
            raise ConfigError(
                f"Banded({self.width}) keeps {2 * self.width + 1} diagonals, and the Jacobian of "
                f"{size} variables has fewer: choose a width up to {(size - 1) // 2}, or Dense()"
            )

    def tangents(self, size: int) -> int:
        """Return how many groups of points are pushed."""
        return int(self._groups(size).max()) + 1 if size else 0

    def numbers(self, size: int) -> int:
        """Return `d (2 width + 1)`."""
        return size * (2 * self.width + 1)

    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return the ends, and bands of shape (M, d, 2 width + 1); entry j is `A[i, i + j - w]`."""
        d, dtype = intervals.starts.shape[1], intervals.starts.dtype
        groups = self._groups(d)
        comb = jnp.asarray(groups[:, None] == np.arange(groups.max() + 1), dtype)
        ends, tangents = intervals.push(comb)
        places, inside = self._neighbours(d)
        bands = tangents[:, np.arange(d)[:, None], groups[places]]
        return ends, jnp.where(inside, bands, 0)

    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Multiply columns by matrices."""
        places, _ = self._neighbours(columns.shape[-2])
        return jnp.sum(matrices[..., None] * columns[..., places, :], axis=-2)

    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Multiply matrices, and drop what is outside of the band."""
        size, bands = later.shape[-2:]
        places, inside = self._neighbours(size)
        # C[i, i + m] = sum over k of A[i, i + k] B[i + k, i + m]; entry m - k of a row of B.
        shift = np.arange(bands)[None, :] - np.arange(bands)[:, None] + self.width
        kept = (shift >= 0) & (shift < bands)
        rows = earlier[..., places[:, :, None], np.clip(shift, 0, bands - 1)[None]]
        terms = jnp.where(kept[None], later[..., None] * rows, 0)
        return jnp.where(inside, jnp.sum(terms, axis=-2), 0)

    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return the largest entries."""
        return jnp.max(jnp.abs(matrices), axis=(-2, -1), initial=0)

    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Divide each matrix by a number."""
        return matrices / by[..., None, None]

    def _neighbours(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the variables within the band of each, and whether they are there."""
        places = np.arange(size)[:, None] + np.arange(-self.width, self.width + 1)[None]
        inside = np.ones_like(places, bool) if self.periodic else (places >= 0) & (places < size)
        return places % size, inside

    def _groups(self, size: int) -> np.ndarray:
        """Return numbers of the variables, of which equal ones are more than a band apart."""
        spacings = np.arange(2 * self.width + 1, max(size, 2 * self.width + 1) + 1)
        # On a ring what is left over at the seam has numbers of its own.
        counts = spacings + (size % spacings if self.periodic else 0)
        spacing = int(spacings[np.argmin(counts)])
        places = np.arange(size)
        over = places - size // spacing * spacing
        return (
            np.where(over >= 0, spacing + over, places % spacing)
            if self.periodic
            else (places % spacing)
        )
