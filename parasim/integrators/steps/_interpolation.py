"""Dense output of a window: the inner solver's own interpolation of the inner step that is hit."""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._nodes import inner_step_at, window_node, window_nodes


class WindowInterpolation(diffrax.AbstractLocalInterpolation):
    """Interpolates a window step by step, at the order of the inner solver's interpolation.

    Attributes:
        t0, t1: the window.
        details: the inner steps' `dense_info`, along a leading axis.
        count: how many inner steps there are; details beyond stand for none. A float, as diffrax
            fills what it does not use of its buffers with infinity.
        nodes: the times between which they go; None: they are equal.
        inner: the inner solver's `interpolation_cls`.
    """

    t0: Any
    t1: Any
    details: PyTree
    count: Float[Array, ""]
    nodes: Float[Array, " nodes"] | None
    inner: Callable[..., diffrax.AbstractLocalInterpolation] = eqx.field(static=True)

    def evaluate(self, t0: Any, t1: Any | None = None, left: bool = True) -> PyTree:
        """Return the state at time t0; with t1, the change of the state from t0 to t1."""
        del left
        if t1 is not None:
            return jax.tree.map(lambda b, a: b - a, self._at(t1), self._at(t0))
        return self._at(t0)

    def inner_ends(self, steps: int) -> tuple[Array, PyTree, Array]:
        """Return the times and states after every inner step, and which of `steps` were made."""
        count = self.count.astype(jnp.int32)
        nodes = self.nodes
        if nodes is None:
            nodes = window_nodes(self.t0, self.t1, count, steps)

        def end(t0: Array, t1: Array, detail: PyTree) -> PyTree:
            return self.inner(t0=t0, t1=t1, **detail).evaluate(t1)

        states = jax.vmap(end)(nodes[:-1], nodes[1:], self.details)
        return nodes[1:], states, jnp.arange(steps, dtype=count.dtype) < count

    def _at(self, t: Any) -> PyTree:
        count = self.count.astype(jnp.int32)
        if self.nodes is None:
            index = inner_step_at(self.t0, self.t1, count, t)
            start, end = (window_node(self.t0, self.t1, count, i) for i in (index, index + 1))
        else:
            index = Mesh(self.nodes, count).step_at(t)
            start, end = self.nodes[index], self.nodes[index + 1]
        detail = jax.tree.map(lambda leaf: leaf[index], self.details)
        return self.inner(t0=start, t1=end, **detail).evaluate(t)


class WindowInterpolations(eqx.Module):
    """Makes the interpolation of a window; equal wherever the inner solver's is.

    diffrax keeps this as static metadata of a solution, so it must be hashable and comparable.
    """

    inner: Callable[..., diffrax.AbstractLocalInterpolation] = eqx.field(static=True)

    def __call__(
        self, *, t0: Any, t1: Any, details: PyTree, count: Float[Array, ""], nodes: Any = None
    ) -> WindowInterpolation:
        """Return the interpolation of one window."""
        return WindowInterpolation(t0, t1, details, count, nodes, self.inner)
