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


def forward_times(term: diffrax.AbstractTerm, t0: Any, t1: Any) -> tuple[Any, Any]:
    """Return a step's times, as the user's own term counts them, the earlier one first."""
    if not isinstance(term, WrapTerm):
        return t0, t1
    forward = term.direction == 1
    return jnp.where(forward, t0, -t1), jnp.where(forward, t1, -t0)
