"""Dense output of a window: the inner solver's own interpolation of the inner step that is hit."""

from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree


def window_nodes(t0: Any, t1: Any, steps: int) -> Array:
    """Return the `steps + 1` equally spaced times from t0 to t1, both ends exact."""
    fractions = jnp.arange(steps + 1, dtype=jnp.result_type(t0)) / steps
    return jnp.asarray(t0 + (t1 - t0) * fractions).at[-1].set(t1)


class WindowInterpolation(diffrax.AbstractLocalInterpolation):
    """Interpolates a window step by step, at the order of the inner solver's interpolation.

    Attributes:
        t0, t1: the window.
        details: the inner steps' `dense_info`, along a leading axis.
        inner: the inner solver's `interpolation_cls`.
        steps: how many inner steps there are.
    """

    t0: Any
    t1: Any
    details: PyTree
    inner: Callable[..., diffrax.AbstractLocalInterpolation] = eqx.field(static=True)
    steps: int = eqx.field(static=True)

    def evaluate(self, t0: Any, t1: Any | None = None, left: bool = True) -> PyTree:
        """Return the state at time t0; with t1, the change of the state from t0 to t1."""
        del left
        if t1 is not None:
            return jax.tree.map(lambda b, a: b - a, self._at(t1), self._at(t0))
        return self._at(t0)

    def _at(self, t: Any) -> PyTree:
        length = jnp.where(self.t1 > self.t0, self.t1 - self.t0, 1)
        place = jnp.floor((t - self.t0) / length * self.steps)
        index = jnp.clip(place.astype(jnp.int32), 0, self.steps - 1)
        nodes = window_nodes(self.t0, self.t1, self.steps)
        detail = jax.tree.map(lambda leaf: leaf[index], self.details)
        return self.inner(t0=nodes[index], t1=nodes[index + 1], **detail).evaluate(t)


class WindowInterpolations(eqx.Module):
    """Makes the interpolation of a window; equal wherever the inner solver and the steps are.

    diffrax keeps this as static metadata of a solution, so it must be hashable and comparable.
    """

    inner: Callable[..., diffrax.AbstractLocalInterpolation] = eqx.field(static=True)
    steps: int = eqx.field(static=True)

    def __call__(self, *, t0: Any, t1: Any, details: PyTree) -> WindowInterpolation:
        """Return the interpolation of one window."""
        return WindowInterpolation(t0, t1, details, self.inner, self.steps)
