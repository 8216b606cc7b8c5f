"""What is kept of a Jacobian: the algebra that every linear solver and damping is written in.

A *matrix* here is whatever a structure represents one by: an array, or several, with leading axes
for the shooting intervals. Structures differ in what they drop, and so in what an iteration costs
and how many there are.
"""

# Equinox declares these members as class variables and means "a field or a constant".
# pyright: reportIncompatibleVariableOverride=false

import abc
import functools
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

# Up to this size a product is a sum of outer products, written out: one fused kernel, and never in
# reduced precision. Measured on the CPU, 2,048 products of 3 by 3: 32 us, as a sum over an axis 105
# us, by jnp.matmul 40 us; of 5 by 5: 80, 495 and 306 us.
_SMALL = 8

Matrix = Any


class Linearisation(NamedTuple):
    """The maps of M intervals at the states where they begin, and their tangents.

    Attributes:
        starts: those states.
        push: takes k tangents of every start, or the same k of all, to the ends: returns the ends
            as well.
        coarse_inputs: of a coarse step over each interval.
        moved: takes changes of the starts; returns the stages inside the intervals, which are
            solved for as well, and how they change. None where there are none.
    """

    starts: Float[Array, "M d"]
    push: Callable[[Array], tuple[Float[Array, "M d"], Float[Array, "M d k"]]]
    coarse_inputs: PyTree = None
    moved: Callable[[Array], tuple[Float[Array, "M L K d"], Float[Array, "M L K d"]]] | None = None

    @property
    def ends(self) -> Float[Array, "M d"]:
        """Where the intervals end."""
        return self.push(jnp.zeros((self.starts.shape[1], 0), self.starts.dtype))[0]


class AbstractStructure(eqx.Module):
    """What is kept of the Jacobian `dPhi_m/ds_m` of an interval.

    Attributes:
        exact: whether that is all of it, so that an iteration is one of Newton's.
    """

    exact: eqx.AbstractVar[bool]
    products: ClassVar[bool] = True  # whether the product of two is of the same structure

    @abc.abstractmethod
    def check(self, size: int) -> None:
        """Raise ConfigError where Jacobians of this size cannot be kept so."""

    def claims(self, size: int) -> bool:
        """Whether `exact` is what somebody says of Jacobians of this size, and may be wrong."""
        del size
        return False

    @abc.abstractmethod
    def tangents(self, size: int) -> int:
        """Return how many tangents of an interval its matrix takes."""

    def tangents_at_once(self, size: int) -> int:
        """Return how many of them are pushed at the same time."""
        return self.tangents(size)

    @abc.abstractmethod
    def numbers(self, size: int) -> int:
        """Return of how many numbers a matrix consists."""

    @abc.abstractmethod
    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return where the intervals end, and the matrices."""

    @abc.abstractmethod
    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Multiply columns by matrices."""

    @abc.abstractmethod
    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Multiply matrices: the first arguments from the left."""

    @abc.abstractmethod
    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return a bound, up to a constant, on the entries of each matrix."""

    @abc.abstractmethod
    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Divide each matrix by a number."""


class AbstractInvertible(AbstractStructure):
    """A structure that transposes and inverses have as well."""

    @abc.abstractmethod
    def transposed(self, matrices: Matrix) -> Matrix:
        """Return the transposes."""

    @abc.abstractmethod
    def unit(self, like: Matrix) -> Matrix:
        """Return as many unit matrices as there are matrices."""

    @abc.abstractmethod
    def resolvent(self, matrices: Matrix) -> Matrix:
        """Return `(I + A)^-1`."""


class Dense(AbstractInvertible):
    """The whole Jacobian, d tangents and `d**2` numbers per interval: Newton's method, DEER.

    Source: Lim et al., ICLR 2024, arXiv 2309.12252.
    """

    exact: ClassVar[bool] = True

    def check(self, size: int) -> None:
        """Accept every size."""
        del size

    def tangents(self, size: int) -> int:
        """Return d."""
        return size

    def numbers(self, size: int) -> int:
        """Return `d**2`."""
        return size**2

    def linearised(self, intervals: Linearisation) -> tuple[Float[Array, "M d"], Matrix]:
        """Return the ends, and matrices of shape (M, d, d)."""
        return intervals.push(jnp.eye(intervals.starts.shape[1], dtype=intervals.starts.dtype))

    def apply(self, matrices: Matrix, columns: Float[Array, "*M d k"]) -> Float[Array, "*M d k"]:
        """Multiply columns by matrices."""
        return product(matrices, columns)

    def times(self, later: Matrix, earlier: Matrix) -> Matrix:
        """Multiply matrices."""
        return product(later, earlier)

    def transposed(self, matrices: Matrix) -> Matrix:
        """Return the transposes."""
        return jnp.swapaxes(matrices, -1, -2)

    def unit(self, like: Matrix) -> Matrix:
        """Return unit matrices."""
        return jnp.broadcast_to(jnp.eye(like.shape[-1], dtype=like.dtype), like.shape)

    def resolvent(self, matrices: Matrix) -> Matrix:
        """Return `(I + A)^-1`."""
        return jnp.linalg.inv(self.unit(matrices) + matrices)

    def magnitude(self, matrices: Matrix) -> Float[Array, "*M"]:
        """Return the largest entries."""
        return jnp.max(jnp.abs(matrices), axis=(-2, -1), initial=0)

    def divided(self, matrices: Matrix, by: Float[Array, "*M"]) -> Matrix:
        """Divide each matrix by a number."""
        return matrices / by[..., None, None]


def product(left: Float[Array, "*M i j"], right: Float[Array, "*M j k"]) -> Float[Array, "*M i k"]:
    """Multiply matrices in full precision."""
    if 0 < left.shape[-1] <= _SMALL:
        terms = (left[..., k : k + 1] * right[..., k : k + 1, :] for k in range(left.shape[-1]))
        return functools.reduce(jnp.add, terms)
    return jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)
