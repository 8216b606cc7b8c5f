"""Inner solvers whose steps have derivatives everywhere, and those that need none."""

from typing import Any

import diffrax
import equinox as eqx

from parasim.integrators.steps._finite_root import FiniteRoot


def differentiable(solver: Any) -> Any:
    """Return the solver such that derivatives of its step can be taken anywhere, in both modes.

    The default stage loop of diffrax's Runge-Kutta methods is made for reverse mode only, and the
    derivative of an implicit stage must be finite even where the stage has no solution.
    """
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        return eqx.tree_at(lambda s: s.solver, solver, differentiable(solver.solver))
    if isinstance(solver, diffrax.AbstractRungeKutta):
        solver = _with_quick_explicit(solver, "bounded")
    if isinstance(solver, diffrax.AbstractSRK):
        solver = _with_quick_explicit(solver, "lax")
    if isinstance(solver, diffrax.AbstractImplicitSolver):
        finder = FiniteRoot(finder=solver.root_finder)  # pyright: ignore[reportCallIssue]
        solver = eqx.tree_at(lambda s: s.root_finder, solver, finder)
    return solver


def forward_only(solver: Any) -> Any:
    """Return the solver with the loop over stages that is fastest where nothing is differentiated.

    A loop that reverse mode can go through takes half as long again.
    """
    if isinstance(solver, diffrax.AbstractWrappedSolver):
        return eqx.tree_at(lambda s: s.solver, solver, forward_only(solver.solver))
    if isinstance(solver, diffrax.AbstractRungeKutta | diffrax.AbstractSRK):
        solver = _with_quick_explicit(solver, "lax")
    return solver


def _with_quick_explicit(solver: Any, kind: str) -> Any:
    return eqx.tree_at(lambda s: s.scan_kind, solver, kind, is_leaf=lambda x: x is None)
