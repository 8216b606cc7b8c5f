"""The tolerance of a solution, step by step, as diffrax's `PIDController` has it."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix
from jaxtyping import Array, Float, PyTree

from parasim._errors import ConfigError
from parasim.integrators.method._checks import may_be_number, may_be_tolerance
from parasim.integrators.steps._controls import has_controls

# The coarse steps' tolerance is not looser than this, unless that of the fine ones nearly is.
_COARSEST = 1e-2


class Tolerance(eqx.Module):
    """Accepts a step where `rms(error / (atol + rtol * max(|y0|, |y1|))) < 1`.

    Attributes:
        rtol, atol: relative and absolute, of each component; `atol` may be 0 where no component
            is, as in diffrax.
    """

    rtol: float | Float[Array, ""]
    atol: float | Float[Array, ""]

    @property
    def controller(self) -> diffrax.PIDController:
        """What makes steps that are within the tolerance, one after the other."""
        return diffrax.PIDController(rtol=self.rtol, atol=self.atol)

    @property
    def coarseness(self) -> float | Float[Array, ""]:
        """How many times as loose the tolerance of coarse steps is best, as far as is known."""
        if isinstance(self.rtol, Array):
            return jnp.clip(_COARSEST / self.rtol, 30.0, 1e6)
        return min(1e6, max(_COARSEST / self.rtol, 30.0))

    def of_updates(self, exact: bool) -> tuple[Any, Any]:
        """Return rtol and atol of the last update; with exact Jacobians its square is left."""
        power = 0.5 if exact else 1.0
        return self.rtol**power, self.atol**power

    def times(self, factor: float | Float[Array, ""]) -> "Tolerance":
        """Return a looser, or tighter, one."""
        return Tolerance(self.rtol * factor, self.atol * factor)

    def scale(self, y0: PyTree, y1: PyTree) -> PyTree:
        """Return what an error of each component may be."""

        def scale(a: Array, b: Array) -> Array:
            magnitude = jnp.maximum(jnp.abs(a), jnp.abs(b))
            rtol, atol = jnp.asarray((self.rtol, self.atol), magnitude.dtype)
            return atol + rtol * magnitude

        return jax.tree.map(scale, y0, y1)

    def error(self, y0: PyTree, y1: PyTree, error: PyTree) -> Float[Array, ""]:
        """Return a step's error in units of the tolerance; infinite if that is not known."""
        scaled = jax.tree.map(lambda e, scale: jnp.abs(e) / scale, error, self.scale(y0, y1))
        norm: Any = optimistix.rms_norm(scaled)
        return jnp.where(jnp.isfinite(norm), norm, jnp.inf)


def check_error_control(solver: Any, rtol: Any, atol: Any, coarseness: Any, step_size: Any) -> None:
    """Raise ConfigError unless these go together.

    Arguments:
        solver: the inner solver.
        rtol, atol: the tolerance of its steps, or None.
        coarseness: how many times as loose the tolerance of the coarse steps is, or None.
        step_size: of steps of a fixed size, or None.
    """
    if rtol is None and atol is None:
        if coarseness is not None:
            raise ConfigError("coarseness is that of steps within a tolerance: give rtol and atol")
        return
    for name, value, other in (("rtol", rtol, "atol"), ("atol", atol, "rtol")):
        if value is None:
            raise ConfigError(f"{other} needs {name} too, such as rtol=1e-6, atol=1e-9")
        if not may_be_tolerance(value, or_zero=name == "atol"):
            raise ConfigError(
                f"{name}, of the solution, must be a number between 0 and 1, not {value!r}; "
                "without rtol and atol all steps of a window have the same size"
            )
    if step_size is not None:
        raise ConfigError(
            "step_size fixes the steps that rtol and atol would choose: give one or the other"
        )
    if coarseness is not None and not may_be_number(coarseness, lambda value: value > 1):
        raise ConfigError(f"coarseness must be a number above 1, such as 1e5, not {coarseness!r}")
    if not isinstance(solver, diffrax.AbstractAdaptiveSolver):
        raise ConfigError(
            f"{type(solver).__name__} estimates no error, so rtol and atol cannot be met: use "
            f"diffrax.Tsit5(), or diffrax.HalfSolver around it, or steps of a fixed size"
        )


def error_order(solver: diffrax.AbstractSolver, terms: PyTree) -> float:
    """Return the order of a solver's error estimate.

    Raises:
        ConfigError: it is not known, or the terms have controls, such as noise.
    """
    if has_controls(terms):
        raise ConfigError(
            "rtol and atol are for ordinary differential equations: with noise, or another "
            "control, use steps of a fixed size, or diffrax.PIDController for whole windows"
        )
    order = solver.error_order(terms)
    if order is None:
        raise ConfigError(
            f"the order of {type(solver).__name__}'s error estimate is not known, so rtol and atol "
            "cannot be met: use another inner solver, such as diffrax.Tsit5()"
        )
    return float(order)
