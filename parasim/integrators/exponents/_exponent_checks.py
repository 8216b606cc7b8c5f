"""What may be wrong with a run for exponents, before it begins and afterwards."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from parasim._errors import ConfigError, SolverError, first_line
from parasim.integrators.exponents._exponent_layout import ExponentLayout
from parasim.integrators.exponents._exponents import Findings, WindowAt
from parasim.integrators.method._checks import check_positive_int
from parasim.integrators.window._recurrence import no_tangents


def check_transient(value: Any, length: float | int, what: str) -> None:
    """Raise ConfigError unless a transient, if there is one, is shorter than the run."""
    if value is not None and not (isinstance(value, int | float) and 0 <= value < length):
        raise ConfigError(
            f"transient must be a number from 0 to less than the {what}, {length:.12g}, "
            f"not {value!r}"
        )


def exponent_count(exponents: Any, size: int) -> int:
    """Return how many exponents are asked for, of so many variables.

    Raises:
        ConfigError: that is no number, or more than there are.
    """
    if exponents is None:
        return size
    check_positive_int("exponents", exponents)
    if exponents > size:
        raise ConfigError(
            f"there are {size} exponents, as many as variables, not {exponents}: choose "
            f"exponents={size} or less, or all of them (None)"
        )
    return exponents


def check_derivative(window_at: WindowAt, y0: PyTree) -> None:
    """Raise ConfigError if a step can be made, but has no forward-mode derivative."""

    def first(y: Any) -> Any:
        recurrence = window_at(jnp.asarray(0), y)
        return recurrence.step(y, jax.tree.map(lambda leaf: leaf[0], recurrence.inputs))

    jax.eval_shape(first, y0)  # whatever else is wrong with it is said in its own words
    error = no_tangents(window_at(jnp.asarray(0), y0), y0)
    if error is not None:
        raise ConfigError(
            f"exponents need the derivative of a step, and there is none ({first_line(error)}): "
            "write the step in jax, or give the part that is not a rule with jax.custom_jvp"
        ) from error


def check_findings(findings: Findings, layout: ExponentLayout, when: Callable[[int], str]) -> None:
    """Raise what went wrong, unless it is not known yet, inside jit."""
    try:
        states, tangents = int(findings.state_windows), int(findings.tangent_windows)
    except jax.errors.ConcretizationTypeError:
        return
    if states < layout.all_windows:
        raise SolverError(
            f"the state stopped being finite after {when(states)}: try a smaller step, or other "
            "parameters or another initial state"
        )
    unresolved = findings.unresolved.tolist()
    # A tangent that is lost in rounding may also happen to come out as zero.
    if tangents < layout.all_windows and (unresolved[0] or not any(unresolved)):
        raise SolverError(
            f"tangents stopped being finite, or vanished, after {when(tangents)}: the derivative "
            "of a step is not finite there, or it is zero and an exponent minus infinity; ask for "
            "fewer exponents, or try a smaller step"
        )
    for number, lost in enumerate(unresolved, 1):
        if lost:
            steps, fewer = layout.interval, max(number - 1, 1)
            remedy = "choose interval=1 (of ParallelNewton, or lyapunov_scan), a smaller step, or"
            if steps == 1:
                remedy = "it is minus infinity where steps are not invertible; choose"
            raise ConfigError(
                f"exponent {number} is lost in rounding: within {steps} step{'s'[: steps > 1]} its "
                f"tangent shrinks by too much beside the others; {remedy} exponents={fewer}"
            )
    for number, limited in enumerate(findings.rounded.tolist(), 1):
        if limited:
            raise ConfigError(
                f"exponent {number} cannot be had in this precision: the steps' rounding errors "
                "exceed the statistical error, and a thousandth of the exponent; use float64"
            )
