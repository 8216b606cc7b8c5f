"""Several tangents carried along the windows of a recurrence, and how much they grow.

They are made orthonormal after every interval of L steps, so that a product of Jacobians is never
longer than that, and nothing can overflow.

Sources: Benettin et al., Meccanica 15 (1980); Shimada & Nagashima, Prog. Theor. Phys. 61 (1979).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from parasim.integrators.exponents._orthonormal import orthonormalised
from parasim.integrators.method._method import Method
from parasim.integrators.method._structure import Dense
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.window._recurrence import Recurrence, constant, shooting_intervals


class TangentGrowth(NamedTuple):
    """How much tangents grew over the M intervals of a window.

    Attributes:
        log_growth: the sum of the logs.
        lost: the mean relative rounding error of the growth of one interval, at most 1.
    """

    log_growth: Float[Array, " k"]
    lost: Float[Array, " k"]


def start_tangents(key: Array, count: int, flattening: Flattening) -> Float[Array, "k d"]:
    """Return random orthonormal directions: an axis can lie in an invariant subspace."""
    shape = (count, flattening.size)
    tangents = jax.random.uniform(
        key, shape, flattening.dtype, -1, 1
    )  # compiled sooner than normal
    return orthonormalised(tangents).directions


def step_tangents(
    recurrence: Recurrence, y0: PyTree, directions: Float[Array, "k d"], interval: int
) -> tuple[PyTree, Float[Array, "k d"], TangentGrowth]:
    """Step through a window, one step after the other, the state and its tangents together.

    Arguments:
        recurrence: the window, a whole number of intervals.
        y0: its first state.
        directions: the tangents there, orthonormal.
        interval: L.

    Returns:
        The last state; the tangents there, orthonormal; how much they grew.
    """
    flattening = Flattening(y0)

    def step(carry: tuple[PyTree, PyTree], x: PyTree) -> tuple[tuple[PyTree, PyTree], None]:
        return _along(lambda y: recurrence.step(y, x), *carry), None

    def along_interval(
        carry: tuple[PyTree, Array], inputs: PyTree
    ) -> tuple[tuple[PyTree, Array], tuple[Array, Array]]:
        y, directions = carry
        tangents = jax.vmap(flattening.unflatten, out_axes=-1)(directions)
        (y, tangents), _ = jax.lax.scan(step, (y, tangents), inputs)
        result = orthonormalised(jax.vmap(flattening.flatten, in_axes=-1)(tangents))
        return (y, result.directions), (result.log_growth, result.kept)

    cut = jax.tree.map(lambda leaf: leaf.reshape(-1, interval, *leaf.shape[1:]), recurrence.inputs)
    (y1, directions), grown = jax.lax.scan(along_interval, (y0, directions), cut)
    return y1, directions, _summed(*grown)


def _along(step: Callable[[PyTree], PyTree], y: PyTree, tangents: PyTree) -> tuple[PyTree, PyTree]:
    """Return the state after a step, and tangents, which are along the trailing axis."""

    def push(tangent: PyTree) -> tuple[PyTree, PyTree]:
        return jax.jvp(step, (y,), (tangent,))

    if jax.tree.leaves(tangents)[0].shape[-1] == 1:  # half the time of a batch of one
        y1, tangent = push(jax.tree.map(lambda leaf: leaf[..., 0], tangents))
        return y1, jax.tree.map(lambda leaf: leaf[..., None], tangent)
    states, tangents = jax.vmap(push, in_axes=-1, out_axes=(0, -1))(tangents)
    return jax.tree.map(lambda leaf: leaf[0], states), tangents


def transport_tangents(
    recurrence: Recurrence,
    y0: PyTree,
    states: PyTree,
    directions: Float[Array, "k d"],
    interval: int,
) -> tuple[Float[Array, "k d"], TangentGrowth]:
    """Carry tangents through a window whose states are known: all Jacobians side by side.

    Arguments:
        recurrence, y0, directions, interval: as for `step_tangents`.
        states: after each step of the window.

    Returns:
        The tangents at the last state, orthonormal; how much they grew.
    """
    flattening = Flattening(y0)
    vector = flattening.flatten(y0)
    intervals = constant(
        shooting_intervals(recurrence, flattening, vector, Method(interval=interval))
    )
    ends = jax.vmap(flattening.flatten)(intervals.last_of_each(states))
    linearised = intervals.linearised(intervals.starts(vector, ends))
    _, jacobians = Dense().linearised(linearised)

    def through(directions: Array, jacobian: Array) -> tuple[Array, tuple[Array, Array]]:
        pushed = jnp.matmul(directions, jacobian.T, precision=jax.lax.Precision.HIGHEST)
        result = orthonormalised(pushed)
        return result.directions, (result.log_growth, result.kept)

    directions, grown = jax.lax.scan(through, directions, jacobians)
    return directions, _summed(*grown)


def _summed(log_growth: Float[Array, "M k"], kept: Float[Array, "M k"]) -> TangentGrowth:
    epsilon = float(jnp.finfo(kept.dtype).eps)
    lost = jnp.minimum(epsilon / jnp.where(kept > 0, kept, epsilon), 1)
    return TangentGrowth(jnp.sum(log_growth, axis=0), jnp.mean(lost, axis=0))
