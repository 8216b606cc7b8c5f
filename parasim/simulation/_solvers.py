"""Inner solvers: by name, for run files and the command line, and what makes any of them fit."""

import dataclasses
import math
from typing import Any

import diffrax
import numpy as np
import optimistix

from parasim._errors import ConfigError
from parasim._numbers import as_float
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
