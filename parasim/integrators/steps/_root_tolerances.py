"""The root finder of an implicit solver that was made without tolerances."""

from typing import Any

import diffrax
import equinox as eqx
import optimistix

from parasim.integrators.steps._tolerance import Tolerance


def with_root_tolerances(solver: Any, tolerance: Tolerance | None) -> Any:
    """Return the solver with a tolerance for the root finder of its stages, if it has none.

    A diffrax solver's own root finder takes those of diffrax's step size controller, which is one
    of windows here. In the place of diffrax's `VeryChord`, which gives up a step where Newton's
    method takes one iteration more, that is Newton's method: of Robertson's problem at 1e-6 the
    one makes 358 attempts with Kvaerno5, and the other 30. It stops far below its tolerance, and
    so below the tenth of a step's that may be left in a window.

    Arguments:
        solver: any diffrax solver, wrapped or not.
        tolerance: of the steps; None: there is none.
    """
    if tolerance is None:
        return solver
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        inner = with_root_tolerances(solver.solver, tolerance)
        return eqx.tree_at(lambda s: s.solver, solver, inner)
    if not isinstance(solver, diffrax.AbstractImplicitSolver):
        return solver
    finder: Any = solver.root_finder
    controller = tolerance.controller
    given = {name: getattr(controller, name) for name in ("rtol", "atol", "norm")}
    missing = [name for name in given if not _is_given(getattr(finder, name))]
    if not missing:
        return solver
    if isinstance(finder, diffrax.VeryChord):
        finder = optimistix.Newton(**given, linear_solver=finder.linear_solver)
    else:
        finder = eqx.tree_at(
            lambda f: [getattr(f, name) for name in missing],
            finder,
            [given[name] for name in missing],
        )
    return eqx.tree_at(lambda s: s.root_finder, solver, finder)


def _is_given(value: Any) -> bool:
    """Whether this is a tolerance or a norm, and not diffrax's word for one to come."""
    return callable(value) or eqx.is_array_like(value)
