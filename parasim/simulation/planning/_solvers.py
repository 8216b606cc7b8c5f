"""Inner solvers: by name, for run files and the command line, and what makes any of them fit."""

import dataclasses
import math
from typing import Any

import diffrax
import numpy as np
import optimistix

from parasim._errors import ConfigError
from parasim._numbers import as_float
from parasim.integrators import Iteration, ParallelNewton, WithResets
from parasim.plugins import System
from parasim.plugins._drive import DrivenField, drive
from parasim.plugins._registry import find, make


def check_solver_name(name: str) -> str:
    """Return the name as it is listed; imports no solver.

    Raises:
        UnknownPlugin: there is no such solver.
    """
    return find("integrators", name).name


def inner_solver(name: str, dtype: Any) -> Any:
    """Make the diffrax solver of that name.

    Arguments:
        name: of the group `parasim.integrators`.
        dtype: of the state; an implicit solver solves its stages to a tolerance that suits it.

    Raises:
        UnknownPlugin: there is no such solver.
        BrokenPlugin, IncompatiblePlugin: another package brings it, and it cannot be used.
    """
    return with_tolerances(make("integrators", name), dtype)


def with_tolerances(solver: Any, dtype: Any) -> Any:
    """Give an implicit solver a root finder for fixed steps, unless it has one.

    diffrax takes the tolerances of its default root finder from an adaptive controller, and a fixed
    step has none. That default, one Jacobian per step, converges too slowly to reach round-off in
    its ten iterations, so that Newton's method takes its place.

    Arguments:
        solver: any solver of diffrax; one inside another, as in a `ParallelNewton`, is found.
        dtype: of the state, which the tolerance suits.
    """
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        return dataclasses.replace(solver, solver=with_tolerances(solver.solver, dtype))
    if not isinstance(solver, diffrax.AbstractImplicitSolver) or _has_tolerances(solver):
        return solver
    # Newton's method stops at a hundredth of its tolerance, which must be above round-off.
    tolerance = 100 * float(np.finfo(dtype).eps) ** 0.75
    root_finder = optimistix.Newton(rtol=tolerance, atol=tolerance)
    return dataclasses.replace(solver, root_finder=root_finder)  # pyright: ignore[reportCallIssue]


def _has_tolerances(solver: diffrax.AbstractImplicitSolver) -> bool:
    """Say whether the tolerances are numbers; diffrax keeps a marker where they are to come."""
    found = (getattr(solver.root_finder, name, 0.0) for name in ("rtol", "atol"))
    return all(not math.isnan(as_float(tolerance)) for tolerance in found)


def for_system(solver: ParallelNewton, system: System) -> ParallelNewton:
    """Return the solver as a system needs it: with its resets, or with its own step.

    Raises:
        ConfigError: a method for differential equations was chosen for a recurrence. The default is
            none, and is left aside.
    """
    inner = solver.solver
    if system.step is not None:
        if type(inner) not in (Iteration, diffrax.Tsit5):
            raise ConfigError(
                f"{system.name} is a recurrence, whose step is its own, and {type(inner).__name__} "
                "is for differential equations: leave the solver out"
            )
        inner = Iteration()
    elif system.resets and not isinstance(inner, WithResets):
        conditions = tuple(reset.condition for reset in system.resets)
        inner = WithResets(inner, conditions, tuple(reset.apply for reset in system.resets))
    return dataclasses.replace(solver, solver=inner)


def with_driven_resets(solver: ParallelNewton, rule: Any) -> ParallelNewton:
    """Return the solver with resets that see the same driven parameters as the vector field."""
    resets = solver.solver
    if not (isinstance(rule, DrivenField) and isinstance(resets, WithResets)):
        return solver
    conditions, jumps = (
        tuple(drive(function, rule.forcings) for function in functions)
        for functions in (resets.conditions, resets.jumps)
    )
    return dataclasses.replace(solver, solver=WithResets(resets.solver, conditions, jumps))


def name_of_solver(solver: Any) -> str | None:
    """Return the name by which `inner_solver` makes a solver that is in use; None for a step."""
    if isinstance(solver, WithResets):
        return name_of_solver(solver.solver)
    return None if isinstance(solver, Iteration) else type(solver).__name__


def system_dt(system: Any, dt: Any) -> Any:
    """Return the step of a run: what was asked for, or else the system's own.

    Raises:
        ConfigError: there is neither, or another one than 1 for a recurrence.
    """
    own = system.dt if isinstance(system, System) else None
    if dt is None:
        if own is None:
            raise ConfigError("dt is missing: give dt, the length of a step")
        return own
    if isinstance(system, System) and system.is_recurrence and as_float(dt) != 1:
        raise ConfigError(f"{system.name} is a recurrence, whose dt is 1, not {dt}: leave it out")
    return dt


def check_terms(solver: diffrax.AbstractSolver) -> None:
    """Refuse a solver for anything but an ordinary differential equation with one vector field.

    Raises:
        ConfigError: it is for stochastic, split or partitioned equations.
    """
    terms = solver.term_structure
    if not (isinstance(terms, type) and issubclass(diffrax.ODETerm, terms)):
        raise ConfigError(
            f"{type(solver).__name__} takes several terms, and simulate has one vector field "
            "f(t, y, args): use a solver such as diffrax.Tsit5() or diffrax.Kvaerno5() here, and "
            "diffrax.diffeqsolve with this one in a ParallelNewton for your terms"
        )
