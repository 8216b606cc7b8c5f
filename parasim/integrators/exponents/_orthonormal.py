"""Tangents made orthonormal again, and what they had grown by."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

# So many tangents are orthogonalised in the program itself; for more, a call of LAPACK is cheaper.
_UNROLLED = 4


class Orthonormalised(NamedTuple):
    """The factors of tangents `a_j = sum_{i <= j} r_ij q_i`, one tangent per row.

    Attributes:
        directions: the orthonormal `q_j`.
        log_growth: `log |r_jj|`; minus infinity for a tangent that depends on those before it.
        kept: `|r_jj| / |a_j|`, the part of each tangent that is new. Its rounding error is about
            that of the dtype divided by this.
    """

    directions: Float[Array, "k d"]
    log_growth: Float[Array, " k"]
    kept: Float[Array, " k"]


def orthonormalised(tangents: Float[Array, "k d"]) -> Orthonormalised:
    """Make tangents orthonormal, each with respect to those before it."""
    largest = jnp.max(jnp.abs(tangents), axis=-1)
    largest = jnp.where(largest > 0, largest, 1)
    scaled = tangents / largest[:, None]  # no square overflows
    count = tangents.shape[0]
    directions, lengths, kept = (_gram_schmidt if count <= _UNROLLED else _factorised)(scaled)
    return Orthonormalised(directions, jnp.log(largest) + jnp.log(lengths), kept)


def _gram_schmidt(rows: Float[Array, "k d"]) -> tuple[Array, Array, Array]:
    """Orthogonalise by the modified Gram-Schmidt method, written out."""
    before = [_length(row) for row in rows]
    rest, directions, lengths = list(rows), [], []
    for place in range(len(rest)):
        length = _length(rest[place])
        direction = rest[place] / jnp.where(length > 0, length, 1)
        rest = [row - jnp.sum(row * direction) * direction for row in rest]
        directions.append(direction)
        lengths.append(length)
    stacked = jnp.stack(lengths)
    return jnp.stack(directions), stacked, _part(stacked, jnp.stack(before))


def _factorised(rows: Float[Array, "k d"]) -> tuple[Array, Array, Array]:
    q, r = jnp.linalg.qr(rows.T)
    lengths = jnp.abs(jnp.diagonal(r))
    return q.T, lengths, _part(lengths, jnp.sqrt(jnp.sum(r**2, axis=0)))


def _length(vector: Float[Array, " d"]) -> Float[Array, ""]:
    return jnp.sqrt(jnp.sum(vector**2))


def _part(part: Float[Array, " k"], whole: Float[Array, " k"]) -> Float[Array, " k"]:
    return part / jnp.where(whole > 0, whole, 1)
