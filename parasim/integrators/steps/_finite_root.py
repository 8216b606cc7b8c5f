"""A root finder whose answer can be differentiated even where it failed."""

# optimistix declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

from typing import Any

import jax
import jax.numpy as jnp
import optimistix

from parasim.integrators.newton._finite import all_finite


class FiniteRoot(optimistix.AbstractRootFinder):
    """Finds roots as another root finder does, with zeros where that failed.

    Failure is still reported as that root finder reports it. The reason is the derivative: by the
    implicit function theorem it is a linear solve at the root, and there lineax ends the whole
    program where it meets NaN. A guess of Newton's method over the time steps may well lead to an
    implicit step that has no solution.

    Attributes:
        finder: the other root finder.
    """

    finder: optimistix.AbstractRootFinder

    @property
    def rtol(self) -> Any:
        """The other root finder's relative tolerance."""
        return self.finder.rtol

    @property
    def atol(self) -> Any:
        """The other root finder's absolute tolerance."""
        return self.finder.atol

    @property
    def norm(self) -> Any:
        """The other root finder's norm."""
        return self.finder.norm

    def init(self, *args: Any, **kwargs: Any) -> Any:
        """Begin as the other root finder does."""
        return self.finder.init(*args, **kwargs)

    def step(self, *args: Any, **kwargs: Any) -> Any:
        """Step as the other root finder does."""
        return self.finder.step(*args, **kwargs)

    def terminate(self, *args: Any, **kwargs: Any) -> Any:
        """End as the other root finder does."""
        return self.finder.terminate(*args, **kwargs)

    def postprocess(
        self,
        fn: Any,
        y: Any,
        aux: Any,
        args: Any,
        options: Any,
        state: Any,
        tags: Any,
        result: optimistix.RESULTS,
    ) -> Any:
        """Return what the other root finder found, or zeros if it failed."""
        root, aux, statistics = self.finder.postprocess(
            fn, y, aux, args, options, state, tags, result
        )
        found = (result == optimistix.RESULTS.successful) & all_finite(root)
        zeroed = jax.tree.map(lambda leaf: jnp.where(found, leaf, jnp.zeros_like(leaf)), root)
        return zeroed, aux, statistics
