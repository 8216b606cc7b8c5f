"""The increments of a window's controls, all at once and once only.

A control, such as a Brownian path, does not depend on the state. So it need not be asked in every
iteration of Newton's method, nor step by step.
"""

from typing import Any

import diffrax
import equinox as eqx
import jax
from jaxtyping import PyTree

from parasim.integrators.steps._diffrax_private import forward_times, is_leaf_term, unwrapped

# These ask for areas, and do not say so in `term_compatible_contr_kwargs`.
_LANGEVIN = (diffrax.ALIGN, diffrax.ShOULD, diffrax.QUICSORT)


class _Increment(diffrax.AbstractPath):
    """A path whose increment between two times is known."""

    t0: Any
    t1: Any
    increment: PyTree

    def evaluate(
        self, t0: Any, t1: Any = None, left: bool = True, use_levy: bool = False
    ) -> PyTree:
        del t0, t1, left, use_levy
        return self.increment


def increments(solver: diffrax.AbstractSolver, terms: PyTree, starts: Any, ends: Any) -> PyTree:
    """Return the increments of all controls over steps of a solver.

    Arguments:
        solver: the inner solver.
        terms: as diffrax hands them to a solver.
        starts, ends: the times of the steps.

    Returns:
        The increments along a leading axis, for `with_increments`. None if the terms have no
        controls, or the solver is not known to ask for whole steps only.
    """
    controlled = _controlled(terms)
    # A wrapper asks for parts of a step, and a solver of somebody else's may.
    whole = type(solver).__module__.startswith("diffrax.")
    if not controlled or not whole or isinstance(solver, diffrax.AbstractWrappedSolver):
        return None
    kinds = jax.tree.leaves(solver.term_compatible_contr_kwargs, is_leaf=lambda x: type(x) is dict)
    areas = isinstance(solver, _LANGEVIN) or any(kind.get("use_levy") for kind in kinds)
    use_levy = {"use_levy": True} if areas else {}

    def one(start: Any, end: Any) -> list[PyTree]:
        return [
            unwrapped(term).control.evaluate(*forward_times(term, start, end), **use_levy)
            for term in controlled
        ]

    return jax.vmap(one)(starts, ends)


def has_controls(terms: PyTree) -> bool:
    """Whether terms have a path as their control, such as noise."""
    return bool(_controlled(terms))


def with_increments(terms: PyTree, known: PyTree) -> PyTree:
    """Return the terms such that their controls have the increments of one step."""
    if known is None:
        return terms

    def controls(terms: PyTree) -> list[diffrax.AbstractPath]:
        return [unwrapped(term).control for term in _controlled(terms)]

    given = [
        _Increment(control.t0, control.t1, increment)
        for control, increment in zip(controls(terms), known, strict=True)
    ]
    return eqx.tree_at(controls, terms, given)


def _controlled(terms: PyTree) -> list[diffrax.AbstractTerm]:
    """Return the terms that have a path as their control."""
    return [
        term
        for term in jax.tree.leaves(terms, is_leaf=is_leaf_term)
        if isinstance(getattr(unwrapped(term), "control", None), diffrax.AbstractPath)
    ]
