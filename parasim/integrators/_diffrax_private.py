"""The names that diffrax does not export but a solver must know, in one place.

Inside `diffeqsolve` a solver never sees the user's term but a `WrapTerm` around it, which turns
time around for backward integration (diffrax issue 771 asks for these names to become public).
"""

import diffrax
from diffrax._term import WrapTerm


def unwrapped(term: diffrax.AbstractTerm) -> diffrax.AbstractTerm:
    """Return the user's own term, for questions about its type only."""
    return term.term if isinstance(term, WrapTerm) else term
