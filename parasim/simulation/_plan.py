"""Everything about a run that is known, and checked, before it begins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import diffrax
import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError, near_names
from parasim.integrators import ParallelNewton
from parasim.io._layout import Layout
from parasim.plugins import System
from parasim.simulation._diagnostics import window_fields
from parasim.simulation._grid import Grid, make_grid, whole_number
from parasim.simulation._model import Model, check_vector_field, plain_model, system_model
from parasim.simulation._provenance import as_json, root_attributes, solver_configuration

_MOST_STEPS_32_BIT = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Plan:
    """A run that has been checked and could begin.

    Attributes:
        model: what is integrated.
        grid: the times.
        solver: how.
        layout: the arrays of the store.
        attributes: of the store's root.
        members: the size of the ensemble; None without one.
    """

    model: Model
    grid: Grid
    solver: ParallelNewton
    layout: Layout
    attributes: Mapping[str, Any]
    members: int | None


def make_plan(
    system: str | System | Callable[[Any, Any, Any], Any],
    *,
    params: Any = None,
    y0: Any = None,
    t0: float = 0.0,
    t1: float,
    dt: float,
    solver: diffrax.AbstractSolver | None = None,
    every: int = 1,
    dtype: Any = None,
    seed: int = 0,
    inputs: Mapping[str, Any] | None = None,
    members: int | None = None,
) -> Plan:
    """Check and resolve the arguments of `simulate`; starts and writes nothing.

    Raises:
        ConfigError: something cannot be done as asked; the message names the remedy.
    """
    newton = _parallel_newton(solver)
    grid = make_grid(t0, t1, dt, every=every, window=newton.steps)
    kind = resolve_dtype(dtype)
    if grid.steps > _MOST_STEPS_32_BIT and not _is_64_bit():
        raise ConfigError(
            f"{grid.steps} steps cannot be counted in 32 bits: {_ENABLE_X64}, or choose a larger dt"
        )
    seed = whole_number("seed", seed, minimum=0)
    if members is not None:
        members = whole_number("members", members, minimum=1)
    if isinstance(system, str | System):
        model = system_model(system, params, y0, dtype=kind, seed=seed, members=members)
    elif callable(system):
        model = plain_model(system, params, y0, dtype=kind, members=members)
    else:
        raise ConfigError(
            "system must be a name, a parasim.System or a vector field f(t, y, args), "
            f"not {system!r}"
        )
    check_vector_field(model, members)
    layout = Layout(
        fields=(*model.fields, *window_fields(model.time_unit, kind)),
        start=grid.t0,
        interval=grid.dt * grid.every,
        rows=grid.rows,
        windows=grid.windows,
        time_unit=model.time_unit,
        members=members,
    )
    configuration = {
        "system": model.name,
        "set": dict(model.settings),
        "t0": grid.t0,
        "t1": grid.t1,
        "dt": grid.dt,
        "every": grid.every,
        "dtype": kind.name,
        "seed": seed,
        "members": members,
        "y0": as_json(model.y0),
        "solver": solver_configuration(newton),
    }
    attributes = root_attributes(
        title=f"{model.name}: {model.description}" if model.description else model.name,
        citation=model.citation,
        configuration=configuration,
        inputs={},
        seed=seed,
    )
    return Plan(model, grid, newton, layout, attributes, members)


def _parallel_newton(solver: Any) -> ParallelNewton:
    """Return the solver, wrapped if it is a bare one-step solver of diffrax."""
    if solver is None:
        return ParallelNewton()
    if isinstance(solver, ParallelNewton):
        return solver
    if isinstance(solver, diffrax.AbstractSolver):
        return ParallelNewton(solver)
    raise ConfigError(
        f"solver must be a ParallelNewton or a diffrax solver such as diffrax.Tsit5(), "
        f"not {solver!r}"
    )


_ENABLE_X64 = 'call jax.config.update("jax_enable_x64", True) before the first use of jax'


def resolve_dtype(dtype: Any) -> np.dtype:
    """Return the dtype of a run's state: by default the widest float that jax is set to.

    Raises:
        ConfigError: it is neither float32 nor float64, or float64 and jax is not set to it.
    """
    if dtype is None:
        return np.dtype("float64" if _is_64_bit() else "float32")
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind is None or kind.name not in ("float32", "float64"):
        raise ConfigError(
            f"dtype must be float32 or float64, not {dtype!r}: "
            f"{near_names(str(dtype), ('float32', 'float64'))}"
        )
    if kind.name == "float64" and not _is_64_bit():
        raise ConfigError(f"dtype float64 needs jax's 64-bit mode: {_ENABLE_X64}")
    return kind


def _is_64_bit() -> bool:
    """Whether jax is set to 64 bits."""
    return jnp.result_type(float) == np.float64
