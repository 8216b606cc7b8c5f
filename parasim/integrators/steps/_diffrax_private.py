"""The names that diffrax does not export but a solver must know, in one place.

Inside `diffeqsolve` a solver never sees the user's term but a `WrapTerm` around it, which turns
time around for backward integration (diffrax issue 771 asks for these names to become public).
"""

from typing import Any

import diffrax
import jax.numpy as jnp
from diffrax._term import WrapTerm
from jaxtyping import PyTree


def unwrapped(terms: PyTree) -> PyTree:
    """Return the user's own term, for questions about its type only; several terms as they are."""
    return terms.term if isinstance(terms, WrapTerm) else terms


def is_leaf_term(node: Any) -> bool:
    """Whether this is a single term, wrapped by diffrax or not."""
    return isinstance(node, diffrax.AbstractTerm) and not isinstance(node, diffrax.MultiTerm)


def first_slope_known(
    solver: diffrax.AbstractSolver, state: Any, terms: PyTree, t0: Any, y: PyTree, args: PyTree
) -> Any:
    """Return a Runge-Kutta method's state before its first step, with the slope there.

    Methods whose first stage is the last one of the step before have `(whether there was none,
    its slope)`. Where there was none they make that stage like the others, by a root finder if
    these are implicit; its slope is that of the state.
    """
    if not isinstance(solver, diffrax.AbstractRungeKutta) or state is None:
        return state
    return jnp.array(False), solver.func(terms, t0, y, args)


def forward_times(term: diffrax.AbstractTerm, t0: Any, t1: Any) -> tuple[Any, Any]:
    """Return a step's times, as the user's own term counts them, the earlier one first."""
    if not isinstance(term, WrapTerm):
        return t0, t1
    forward = term.direction == 1
    return jnp.where(forward, t0, -t1), jnp.where(forward, t1, -t0)
