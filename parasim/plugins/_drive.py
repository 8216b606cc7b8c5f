"""A vector field whose parameters follow data: f(t, y, args) with args[name] = path(t)."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp


class Path(Protocol):
    """A scalar function of time: what `Forcing.interpolant` makes, or a diffrax path."""

    def evaluate(self, t: Any, /) -> Any:
        """Evaluate at the time t."""
        ...


class DrivenField(eqx.Module):
    """A vector field with some of its parameters replaced by interpolated data.

    Made by `drive`. It is a PyTree: the knots and coefficients of the paths are leaves, so that a
    function under `jit` takes them as inputs, and other data of the same shape trace nothing.

    Attributes:
        vector_field: `(t, y, args) -> dy/dt`, with a mapping as `args`.
        forcings: a path per driven parameter, such as `Forcing.interpolant`.
    """

    vector_field: Callable[[Any, Any, Any], Any]
    forcings: dict[str, Path]

    def __call__(self, t: Any, y: Any, args: Mapping[str, Any] | None) -> Any:
        """Evaluate the vector field with the driven parameters at time t."""
        # Time may have more digits than the state; the state's dtype must not change for it.
        dtype = jnp.result_type(*jax.tree.leaves(y))
        driven = {name: path.evaluate(t).astype(dtype) for name, path in self.forcings.items()}
        return self.vector_field(t, y, {**(args or {}), **driven})


def drive(
    vector_field: Callable[[Any, Any, Any], Any], forcings: Mapping[str, Path]
) -> DrivenField:
    """Let parameters of a vector field follow data, without leaving `jit`.

    f(t, y, args) = vector_field(t, y, {**args, name: path(t), ...})

    Arguments:
        vector_field: `(t, y, args) -> dy/dt`, where `args` is a mapping of parameters by name.
        forcings: a path per driven parameter (`Forcing.interpolant`). Outside its knots a path
            continues its first or last piece: see `Forcing.check_covers`.

    Returns:
        A vector field of the same form; what `args` holds under a driven name is ignored.
    """
    return DrivenField(vector_field, dict(forcings))
