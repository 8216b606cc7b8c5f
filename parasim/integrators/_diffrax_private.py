"""The names that diffrax does not export but a solver must know, in one place.

Inside `diffeqsolve` a solver never sees the user's term but a `WrapTerm` around it, which turns
time around for backward integration (diffrax issue 771 asks for these names to become public).
"""

from diffrax._term import WrapTerm
from jaxtyping import PyTree


def unwrapped(terms: PyTree) -> PyTree:
    """Return the user's own term, for questions about its type only; several terms as they are."""
    return terms.term if isinstance(terms, WrapTerm) else terms
