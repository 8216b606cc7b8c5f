"""The Lyapunov exponents of a system by name."""

from collections.abc import Callable
from typing import Any

import diffrax
import jax
import jax.numpy as jnp

from parasim.integrators import Exponents, lyapunov
from parasim.plugins import System
from parasim.simulation.planning._plan import Plan, make_plan


def system_exponents(
    system: str | System | Callable[[Any, Any, Any], Any],
    *,
    params: Any = None,
    y0: Any = None,
    t0: float = 0.0,
    t1: float,
    dt: float | None = None,
    solver: diffrax.AbstractSolver | None = None,
    exponents: int | None = 1,
    transient: float | None = None,
    blocks: int = 32,
    dtype: Any = None,
    seed: int = 0,
) -> Exponents:
    """Measure the Lyapunov exponents of a system, in nats per its unit of time.

    Arguments:
        system, params, y0, t0, t1, dt, solver, dtype, seed: as of `simulate`.
        exponents, transient, blocks: as of `lyapunov`.

    Raises:
        ConfigError: something cannot be done as asked, or exponents cannot be had in this
            precision.
        SolverError: the state, or the derivative of a step, stopped being finite.
    """
    plan = make_plan(
        system, params=params, y0=y0, t0=t0, t1=t1, dt=dt, solver=solver, dtype=dtype, seed=seed
    )
    return plan_exponents(plan, exponents=exponents, transient=transient, blocks=blocks)


def plan_exponents(
    plan: Plan, *, exponents: int | None, transient: float | None, blocks: int
) -> Exponents:
    """Measure the exponents of what a plan would run; arguments are those of `system_exponents`."""
    return lyapunov(
        diffrax.ODETerm(plan.model.rule),
        plan.solver,
        plan.grid.t0,
        plan.grid.t1,
        plan.grid.dt,
        jax.tree.map(jnp.asarray, plan.model.y0),
        plan.model.args,
        exponents=exponents,
        transient=transient,
        blocks=blocks,
    )
