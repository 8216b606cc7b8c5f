"""What a solver of windows answers in the name of its inner solver."""

# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false

from typing import Any

import diffrax
from jaxtyping import PyTree


class AbstractStandIn(diffrax.AbstractWrappedSolver):
    """Answers what diffrax asks a solver about terms, orders and stages as the inner one does.

    Attributes:
        solver: the inner solver. diffrax looks through one wrapper when it asks what kind of
            solver this is.
    """

    @property
    def term_structure(self) -> Any:
        """The terms that are stepped."""
        return self.solver.term_structure

    @property
    def term_compatible_contr_kwargs(self) -> Any:
        """What controls are asked for."""
        return self.solver.term_compatible_contr_kwargs

    @property
    def scan_kind(self) -> Any:
        """How stages are looped over, if the inner solver has them."""
        return self.solver.scan_kind  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def root_finder(self) -> Any:
        """Of implicit stages, if the inner solver has them."""
        return self.solver.root_finder  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def root_find_max_steps(self) -> Any:
        """Of implicit stages, if the inner solver has them."""
        return self.solver.root_find_max_steps  # pyright: ignore[reportAttributeAccessIssue]

    def order(self, terms: PyTree) -> int | None:
        """Return the order for ordinary differential equations."""
        return self.solver.order(terms)

    def strong_order(self, terms: PyTree) -> Any:
        """Return the strong order for stochastic differential equations."""
        return self.solver.strong_order(terms)

    def error_order(self, terms: PyTree) -> Any:
        """Return that of the error estimate: a window's shrinks as that of its steps does."""
        return self.solver.error_order(terms)

    def func(self, terms: PyTree, t0: Any, y0: PyTree, args: PyTree) -> PyTree:
        """Evaluate the vector field."""
        return self.solver.func(terms, t0, y0, args)
