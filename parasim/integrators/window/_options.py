"""What users may ask of the window solver: checked, and filled in where they do not say."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from parasim._errors import ConfigError, near_names
from parasim.integrators.decision._costs import DeviceCosts
from parasim.integrators.decision._costs_cache import usual_costs
from parasim.integrators.decision._decision import (
    AbstractDecision,
    AlwaysParallel,
    AlwaysSequential,
)
from parasim.integrators.decision._predicted_time import PredictedTime
from parasim.integrators.method._checks import may_be_tolerance, plain
from parasim.integrators.method._method import Method
from parasim.integrators.newton._newton import NewtonOptions
from parasim.integrators.window._window import WindowSolver
from parasim.integrators.window._window_memory import PieceMemory

MODES = ("auto", "parallel", "sequential")


def check_mode(mode: Any) -> None:
    """Raise ConfigError unless this is a decision, or there is such a mode."""
    if isinstance(mode, AbstractDecision):
        return
    if not isinstance(mode, str) or mode not in MODES:
        raise ConfigError(f"there is no mode {mode!r}: {near_names(str(mode), MODES)}")


def check_costs(costs: Any) -> None:
    """Raise ConfigError unless these are the costs of a device, or None."""
    if costs is not None and not isinstance(costs, DeviceCosts):
        raise ConfigError(f"costs must be a parasim.DeviceCosts, not {costs!r}")


def check_method(method: Any) -> None:
    """Raise ConfigError unless this is a method of the family."""
    if not isinstance(method, Method):
        raise ConfigError(
            f"method must be a parasim.Method, such as parasim.methods.deer(), not {method!r}"
        )


def check_tolerance(name: str, value: Any) -> None:
    """Raise ConfigError unless the value can be a tolerance, or is None."""
    if value is not None and not may_be_tolerance(value):
        raise ConfigError(f"{name} must be a number between 0 and 1, not {value!r}")


def window_solver(
    mode: str | AbstractDecision,
    dtype: Any,
    size: int,
    *,
    rtol: Any,
    atol: Any,
    method: Method,
    max_iterations: int,
    restart_every: int,
    costs: DeviceCosts | None,
    steps: str,
    stages: tuple[int, int] = (1, 0),
    host: bool = False,
) -> WindowSolver:
    """Return the solver of windows that was asked for.

    Arguments:
        mode: one of `MODES`.
        dtype: of the states, or the least precise one of their leaves.
        size: of the states, in real variables.
        rtol, atol: of Newton's method; None: 1e-9 in float64, 1e-4 in less.
        method: of the family.
        max_iterations: of Newton's method, for a window, or a piece of one.
        restart_every: after so many, states that have not converged are guessed anew.
        costs: of the device; None: as measured on jax's default one, else what is expected of it.
        steps: whose they are: `"diffrax"` or `"scan"`.
        stages: how many each has, and how many of them are solved for beside the states.
        host: whether sequential steps may be made on the host's CPU.
    """
    default = 1e-9 if jnp.finfo(dtype).bits == 64 else 1e-4
    rtol, atol = (default if given is None else plain(given) for given in (rtol, atol))
    # Arrays can change without another compilation.
    rtol, atol = (each.astype(dtype) if isinstance(each, Array) else each for each in (rtol, atol))
    newton = NewtonOptions(method, rtol, atol)
    if costs is None:
        costs = usual_costs(steps, size, dtype, method)
    costs = costs if host else costs.alone()
    memory = PieceMemory.of(method, size, dtype, *stages)
    return WindowSolver(decision_of(mode, restart_every), newton, max_iterations, costs, memory)


def decision_of(mode: str | AbstractDecision, restart_every: int) -> AbstractDecision:
    """Return the decision that a mode names."""
    if isinstance(mode, AbstractDecision):
        return mode
    return {
        "auto": PredictedTime(),
        "parallel": AlwaysParallel(restart_every),
        "sequential": AlwaysSequential(),
    }[mode]
