"""The steps of a window, and how far it has come."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._history import History
from parasim.integrators.newton._stages import StageEquations

Step = Callable[[Array, PyTree], Array]


class Steps(NamedTuple):
    """The steps of a window on vectors; derivatives do not flow through them.

    Attributes:
        step: the step map `(y, x) -> y`.
        inputs: of the steps, N of them.
        coarse_step: a cheap approximation of L steps at once, or None.
        coarse_inputs: of the coarse steps, M of them.
        guess: of the states after the steps, or None.
        equations: of the stages of an implicit step, or None.
    """

    step: Step
    inputs: PyTree
    coarse_step: Step | None
    coarse_inputs: PyTree
    guess: Float[Array, "N d"] | None = None
    equations: StageEquations | None = None

    @property
    def length(self) -> int:
        """N, how many steps there are."""
        return jax.tree.leaves(self.inputs)[0].shape[0]

    def padded(self, menu: WindowMenu, interval: int) -> "Steps":
        """Repeat the last inputs, for pieces that reach beyond the end; those are not stepped."""

        def longer(inputs: PyTree, more: int) -> PyTree:
            return jax.tree.map(
                lambda leaf: jnp.concatenate([leaf, jnp.repeat(leaf[-1:], more, axis=0)]), inputs
            )

        most = max(menu.sizes)
        return self._replace(
            inputs=longer(self.inputs, most),
            coarse_inputs=longer(self.coarse_inputs, -(-most // interval)),
            guess=longer(self.guess, most),
        )


class Walk(NamedTuple):
    """How far a window has come.

    Attributes:
        y: the last state that is known.
        states: after each step; those beyond the known ones are of no use.
        update: the largest certificate.
        advancing: whether the last piece delivered anything.
        history: of the run.
    """

    y: Float[Array, " d"]
    states: Float[Array, "room d"]
    update: Float[Array, ""]
    advancing: Bool[Array, ""]
    history: History

    @classmethod
    def start(cls, y0: Float[Array, " d"], history: History, menu: WindowMenu) -> "Walk":
        """Return that nothing is known of a window."""
        return cls(
            y=y0,
            states=jnp.zeros((menu.steps + max(menu.sizes), y0.size), y0.dtype),
            update=jnp.zeros((), y0.dtype),
            advancing=jnp.array(True),
            history=history,
        )


def sliced(inputs: PyTree, start: Int[Array, ""], length: int) -> PyTree:
    """Return so many of the leading entries, from a first one on."""
    return jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, start, length), inputs)
