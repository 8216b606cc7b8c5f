"""Jacobians of low rank, for large states in which only a few directions survive an interval."""

# Equinox declares these members as class variables and means "a field or a constant".
# pyright: reportIncompatibleVariableOverride=false

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim._errors import ConfigError
from parasim.integrators.method._checks import check_positive_int, plain
from parasim.integrators.method._structure import (
    AbstractStructure,
    Linearisation,
    Matrix,
    product,
)


class LowRank(AbstractStructure):
    """What the Jacobians do to a few directions, `2 d rank` numbers per interval, and no matrix.

    Dissipation leaves few directions of an error after an interval. They are found by pushing
    random tangents through the interval before, and the Jacobian is replaced by `(J Q) Q^T`, with
    `Q` an orthonormal basis of them: `2 rank` tangents. What lies across is dropped, so the
    iteration is Newton's only where nothing survives there.

    Arguments:
        rank: how many directions, at most d.

    Sources: Halko, Martinsson & Tropp, SIAM Rev. 53 (2011) for the basis; Gander & Petcu, ESAIM
    Proc. 25 (2008), for Krylov-enhanced Parareal, which this resembles.
    """

    exact: ClassVar[bool] = False
    rank: int = eqx.field(static=True, converter=plain)

    def __check_init__(self):
        check_positive_int("the rank of LowRank", self.rank)

    def check(self, size: int) -> None:
        """Raise ConfigError where there are fewer directions."""
        if self.rank > size:
            raise ConfigError(
                f"LowRank({self.rank}) cannot be kept of {size} variables: choose a rank from 1 to "
                f"{size}"
            )

    def tangents(self, size: int) -> int:
        """Return `2 rank`."""
        del size
        return 2 * self.rank

    def numbers(self, size: int) -> int:
        """Return `2 d rank`."""
        return 2 * self.rank * size

    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return the ends, and `J Q` and `Q`, of shape (M, d, rank) each."""
        size, dtype = intervals.starts.shape[1], intervals.starts.dtype
        random = jax.random.normal(jax.random.key(0), (size, self.rank), dtype)
        range_ = intervals.push(random)[1]
        known = jnp.all(jnp.isfinite(range_), axis=(-2, -1), keepdims=True)
        range_ = jnp.where(known, range_, random[None])
        before = jnp.concatenate([range_[:1], range_[:-1]])
        basis = jnp.linalg.qr(before)[0]
        ends, tangents = intervals.push(basis)
        return ends, (tangents, basis)

    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Multiply columns by matrices."""
        image, basis = matrices
        return product(image, product(jnp.swapaxes(basis, -1, -2), columns))

    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Multiply matrices."""
        return self.apply(later, earlier[0]), earlier[1]

    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return the largest entries of `J Q`."""
        return jnp.max(jnp.abs(matrices[0]), axis=(-2, -1), initial=0)

    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Divide each matrix by a number."""
        return matrices[0] / by[..., None, None], matrices[1]
