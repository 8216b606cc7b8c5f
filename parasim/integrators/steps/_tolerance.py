"""The tolerance of a solution, step by step, as diffrax's `PIDController` has it."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix
from jaxtyping import Array, Float, PyTree


class Tolerance(eqx.Module):
    """Accepts a step where `rms(error / (atol + rtol * max(|y0|, |y1|))) < 1`.

    Attributes:
        rtol, atol: relative and absolute, of each component.
    """

    rtol: float
    atol: float

    @property
    def controller(self) -> diffrax.PIDController:
        """What makes steps that are within the tolerance, one after the other."""
        return diffrax.PIDController(rtol=self.rtol, atol=self.atol)

    def times(self, factor: float) -> "Tolerance":
        """Return a looser, or tighter, one."""
        return Tolerance(self.rtol * factor, self.atol * factor)

    def scale(self, y0: PyTree, y1: PyTree) -> PyTree:
        """Return what an error of each component may be."""
        return jax.tree.map(
            lambda a, b: self.atol + self.rtol * jnp.maximum(jnp.abs(a), jnp.abs(b)), y0, y1
        )

    def error(self, y0: PyTree, y1: PyTree, error: PyTree) -> Float[Array, ""]:
        """Return a step's error in units of the tolerance; infinite if that is not known."""
        scaled = jax.tree.map(lambda e, scale: jnp.abs(e) / scale, error, self.scale(y0, y1))
        norm: Any = optimistix.rms_norm(scaled)
        return jnp.where(jnp.isfinite(norm), norm, jnp.inf)
