"""Dense output of a window: the inner solver's own interpolation of the inner step that is hit."""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from parasim.integrators._nodes import inner_step_at, window_node


def window_node(t0: Array, t1: Array, n: Array, count: Array) -> Array:
    """Return the n-th of the `count + 1` nodes of a window, as `window_nodes` does."""
    between = t0 + (t1 - t0) * (n.astype(t0.dtype) / count.astype(t0.dtype))
    return jnp.where(n >= count, t1, between)


def hit_step(t0: Array, t1: Array, count: Array, t: Array) -> tuple[Array, Array, Array]:
    """Return the number of the inner step of a window that time t lies in, its start and end.

    Arguments:
        t0, t1: the window; these and the others may be arrays, of windows and times side by side.
        count: how many steps it has.
        t: in the window.
    """
    length = jnp.where(t1 > t0, t1 - t0, 1)
    place = jnp.floor((t - t0) / length * count.astype(t0.dtype))
    slot = jnp.clip(place.astype(jnp.int32), 0, count - 1)
    return slot, window_node(t0, t1, slot, count), window_node(t0, t1, slot + 1, count)


class WindowInterpolation(diffrax.AbstractLocalInterpolation):
    """Interpolates a window step by step, at the order of the inner solver's interpolation.

    Attributes:
        t0, t1: the window.
        details: the inner steps' `dense_info`, along a leading axis.
        count: how many inner steps there are; details beyond stand for none. A float, as diffrax
            fills what it does not use of its buffers with infinity.
        inner: the inner solver's `interpolation_cls`.
    """

    t0: Any
    t1: Any
    details: PyTree
    count: Float[Array, ""]
    inner: Callable[..., diffrax.AbstractLocalInterpolation] = eqx.field(static=True)

    def evaluate(self, t0: Any, t1: Any | None = None, left: bool = True) -> PyTree:
        """Return the state at time t0; with t1, the change of the state from t0 to t1."""
        del left
        if t1 is not None:
            return jax.tree.map(lambda b, a: b - a, self._at(t1), self._at(t0))
        return self._at(t0)

    def inner_ends(self) -> tuple[Array, PyTree, Array]:
        """Return the times and states after every inner step, and which of them were made."""
        nodes = window_nodes(self.t0, self.t1, self.steps)

        def end(t0: Any, t1: Any, detail: PyTree) -> PyTree:
            return self.inner(t0=t0, t1=t1, **detail).evaluate(t1)

        states = jax.vmap(end)(nodes[:-1], nodes[1:], self.details)
        return nodes[1:], states, jnp.ones(self.steps, bool)

    def _at(self, t: Any) -> PyTree:
        count = self.count.astype(jnp.int32)
        index = inner_step_at(self.t0, self.t1, count, t)
        start, end = (window_node(self.t0, self.t1, count, i) for i in (index, index + 1))
        detail = jax.tree.map(lambda leaf: leaf[index], self.details)
        return self.inner(t0=start, t1=end, **detail).evaluate(t)


class WindowInterpolations(eqx.Module):
    """Makes the interpolation of a window; equal wherever the inner solver's is.

    diffrax keeps this as static metadata of a solution, so it must be hashable and comparable.
    """

    inner: Callable[..., diffrax.AbstractLocalInterpolation] = eqx.field(static=True)

    def __call__(
        self, *, t0: Any, t1: Any, details: PyTree, count: Float[Array, ""]
    ) -> WindowInterpolation:
        """Return the interpolation of one window."""
        return WindowInterpolation(t0, t1, details, count, self.inner)
