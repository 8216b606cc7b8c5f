"""Structures of few numbers per interval: diagonals, and blocks along them."""

# Equinox declares these members as class variables and means "a field or a constant".
# pyright: reportIncompatibleVariableOverride=false

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from parasim._errors import ConfigError
from parasim.integrators.method._checks import check_positive_int, plain
from parasim.integrators.method._structure import (
    AbstractInvertible,
    Linearisation,
    Matrix,
    product,
)

# So many tangents are pushed at once where only a part of each is kept.
_AT_ONCE = 8


class Diagonal(AbstractInvertible):
    """The diagonal of the Jacobian, d numbers per interval: quasi-DEER.

    Where the variables do not depend on each other's past, such as in RNN cells that are made so,
    that is all of it and takes one tangent: say `exact=True`. Elsewhere the diagonal takes d
    tangents, a few at a time, or is estimated from random `probes` of signs, `mean(v * J v)`, and
    the iteration is no longer Newton's: it converges linearly, or not at all.

    Arguments:
        exact: whether nothing is dropped. A window in which that is not so is an error.
        probes: so many random tangents estimate the diagonal; None: it is computed.

    Sources: Gonzalez et al., NeurIPS 2024, arXiv 2407.19115; the probes are those of Hutchinson,
    Commun. Stat. Simul. Comput. 18 (1989).
    """

    exact: bool = eqx.field(default=False, static=True)
    probes: int | None = eqx.field(default=None, static=True, converter=plain)

    def __check_init__(self):
        if self.probes is not None:
            check_positive_int("the probes of Diagonal", self.probes)
            if self.exact:
                raise ConfigError(
                    "one tangent gives all of an exact diagonal, and nothing is left to estimate: "
                    f"leave out probes={self.probes}, or exact=True"
                )

    def check(self, size: int) -> None:
        """Accept every size."""
        del size

    def claims(self, size: int) -> bool:
        """Whether entries beside the diagonal are said to be 0."""
        return self.exact and size > 1

    def tangents(self, size: int) -> int:
        """Return 1, the number of probes, or d."""
        if self.exact:
            return min(1, size)
        return size if self.probes is None else self.probes

    def tangents_at_once(self, size: int) -> int:
        """Return all of them, or a few where only a part of each is kept."""
        return _at_once(self.tangents(size), 1, self.exact or self.probes is not None)

    def numbers(self, size: int) -> int:
        """Return d."""
        return size

    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return the ends, and diagonals of shape (M, d)."""
        size, dtype = intervals.starts.shape[1], intervals.starts.dtype
        if self.exact:
            ends, tangents = intervals.push(jnp.ones((size, 1), dtype))
            return ends, tangents[..., 0]
        if self.probes is not None:
            signs = jax.random.rademacher(jax.random.key(0), (size, self.probes), dtype)
            ends, tangents = intervals.push(signs)
            return ends, jnp.mean(signs[None] * tangents, axis=-1)
        return intervals.ends, _kept(intervals, 1)[..., 0, 0]

    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Multiply columns by matrices."""
        return matrices[..., None] * columns

    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Multiply matrices."""
        return later * earlier

    def transposed(self, matrices: Matrix) -> Matrix:
        """Return the same."""
        return matrices

    def unit(self, like: Matrix) -> Matrix:
        """Return unit matrices."""
        return jnp.ones_like(like)

    def resolvent(self, matrices: Matrix) -> Matrix:
        """Return `(I + A)^-1`."""
        return 1 / (1 + matrices)

    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return the largest entries."""
        return jnp.max(jnp.abs(matrices), axis=-1, initial=0)

    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Divide each matrix by a number."""
        return matrices / by[..., None]


class BlockDiagonal(AbstractInvertible):
    """Square blocks along the diagonal, `d * size` numbers per interval.

    Such as the two numbers of each unit of an LSTM whose units do not see each other's past; or, as
    they are not all of it, with `exact=False`, the columns of a network of neural masses whose
    coupling is weak.

    Arguments:
        size: of a block, a divisor of d.
        exact: whether nothing is dropped, which takes `size` tangents and not d. A window in which
            that is not so is an error.
        strided: whether block i has the variables i, i + d / size, and so on, as a state of `size`
            arrays side by side has; else neighbours make a block.

    Source: Danieli et al., ParaRNN, arXiv 2510.21450.
    """

    size: int = eqx.field(static=True, converter=plain)
    exact: bool = eqx.field(default=True, static=True)
    strided: bool = eqx.field(default=False, static=True)

    def __check_init__(self):
        check_positive_int("the size of BlockDiagonal", self.size)

    def check(self, size: int) -> None:
        """Raise ConfigError where blocks do not fill the diagonal."""
        if size % self.size:
            raise ConfigError(
                f"BlockDiagonal({self.size}) cannot represent the Jacobian of {size} variables: "
                "the size of a block must divide their number; Dense() keeps any Jacobian"
            )

    def claims(self, size: int) -> bool:
        """Whether entries outside of the blocks are said to be 0."""
        return self.exact and size > self.size

    def tangents(self, size: int) -> int:
        """Return the size of a block, or d."""
        return min(self.size, size) if self.exact else size

    def tangents_at_once(self, size: int) -> int:
        """Return all of them, or a few where only a part of each is kept."""
        return _at_once(self.tangents(size), self.size, self.exact)

    def numbers(self, size: int) -> int:
        """Return `d * size`."""
        return size * self.size

    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return the ends, and blocks of shape (M, d / size, size, size)."""
        d, dtype = intervals.starts.shape[1], intervals.starts.dtype
        if self.exact:
            unit = jnp.eye(self.size, dtype=dtype)
            comb = jnp.broadcast_to(unit[None], (d // self.size, self.size, self.size))
            ends, tangents = intervals.push(self._joined(comb))
            return ends, self._blocks(tangents)
        ordered = _ordered(intervals, self._order(d))
        return intervals.ends, _kept(ordered, self.size)

    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Multiply columns by matrices."""
        return self._joined(product(matrices, self._blocks(columns)))

    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Multiply matrices."""
        return product(later, earlier)

    def transposed(self, matrices: Matrix) -> Matrix:
        """Return the transposes."""
        return jnp.swapaxes(matrices, -1, -2)

    def unit(self, like: Matrix) -> Matrix:
        """Return unit matrices."""
        return jnp.broadcast_to(jnp.eye(self.size, dtype=like.dtype), like.shape)

    def resolvent(self, matrices: Matrix) -> Matrix:
        """Return `(I + A)^-1`."""
        return jnp.linalg.inv(self.unit(matrices) + matrices)

    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return the largest entries."""
        return jnp.max(jnp.abs(matrices), axis=(-3, -2, -1), initial=0)

    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Divide each matrix by a number."""
        return matrices / by[..., None, None, None]

    def _blocks(self, columns: Float[Array, "*M d k"]) -> Float[Array, "*M blocks size k"]:
        """Cut columns into blocks."""
        *leading, d, k = columns.shape
        if self.strided:
            return jnp.swapaxes(columns.reshape(*leading, self.size, d // self.size, k), -2, -3)
        return columns.reshape(*leading, d // self.size, self.size, k)

    def _joined(self, blocks: Float[Array, "*M blocks size k"]) -> Float[Array, "*M d k"]:
        """Undo that."""
        *leading, count, size, k = blocks.shape
        if self.strided:
            blocks = jnp.swapaxes(blocks, -2, -3)
        return blocks.reshape(*leading, count * size, k)

    def _order(self, d: int) -> np.ndarray:
        """Return the variables in the order of the blocks."""
        places = np.arange(d)
        return places.reshape(self.size, -1).T.ravel() if self.strided else places


def _at_once(tangents: int, size: int, all_kept: bool) -> int:
    """Return how many tangents are pushed at once for blocks of this size."""
    return tangents if all_kept else min(tangents, _blocks_at_once(size) * size)


def _blocks_at_once(size: int) -> int:
    return max(_AT_ONCE // size, 1)


def _ordered(intervals: Linearisation, order: np.ndarray) -> Linearisation:
    """Return the maps with their variables in another order."""
    back = np.argsort(order)

    def push(directions: Array) -> tuple[Array, Array]:
        ends, tangents = intervals.push(directions[..., back, :])
        return ends[:, order], tangents[:, order]

    return intervals._replace(starts=intervals.starts[:, order], push=push)


def _kept(intervals: Linearisation, size: int) -> Float[Array, "M blocks size size"]:
    """Return the blocks along the diagonal of Jacobians of which all else is dropped.

    The tangents are pushed a few at a time, so that there never are `M d**2` numbers.
    """
    d, dtype = intervals.starts.shape[1], intervals.starts.dtype
    count = d // size
    at_once = _blocks_at_once(size)
    groups = -(-count // at_once)
    blocks = jnp.minimum(jnp.arange(groups * at_once), count - 1).reshape(groups, at_once)
    unit = jnp.eye(d, dtype=dtype).reshape(d, count, size)

    def group(blocks: Array) -> Array:
        directions = jnp.take(unit, blocks, axis=1).reshape(d, at_once * size)
        tangents = intervals.push(directions)[1]
        cut = tangents.reshape(-1, count, size, at_once, size)
        return jax.vmap(lambda block, place: cut[:, block, :, place], (0, 0), 1)(
            blocks, jnp.arange(at_once)
        )

    kept = jax.lax.map(group, blocks)  # (groups, M, at_once, size, size)
    return jnp.moveaxis(kept, 0, 1).reshape(-1, groups * at_once, size, size)[:, :count]
