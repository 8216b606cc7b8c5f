"""A window found by Newton's method, piece by piece from its beginning.

A piece is a number of steps, chosen each time. What of it has converged is kept, the next piece
begins there, and its first guess is made from there. Where parallel does not pay some steps are
made one after the other before the next choice, and what is given up is stepped through.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._decision import AbstractDecision, AlwaysParallel, Choice
from parasim.integrators.decision._history import History
from parasim.integrators.newton._batch import any_member, largest_member
from parasim.integrators.newton._newton import NewtonOptions
from parasim.integrators.window._piece import remembered, solved_piece
from parasim.integrators.window._stretch import step_on, step_to_the_end
from parasim.integrators.window._walk_state import Steps, Walk


class Walker(NamedTuple):
    """What it takes to go through a window.

    Attributes:
        steps: of the window.
        padded: the same, and the last ones again, for pieces that reach beyond the end.
        decision: what the next pieces shall be.
        menu: the sizes that there are, and what they cost.
        options: of Newton's method.
    """

    steps: Steps
    padded: Steps
    decision: AbstractDecision
    menu: WindowMenu
    options: NewtonOptions

    @classmethod
    def through(
        cls,
        steps: Steps,
        size: int,
        decision: AbstractDecision,
        menu: WindowMenu,
        options: NewtonOptions,
    ) -> "Walker":
        """Return what goes through the window of these steps, of so many variables."""
        method = options.method.for_window(size, steps.coarse_step)
        options = NewtonOptions(method, options.rtol, options.atol)
        return cls(steps, steps.padded(menu, options.interval), decision, menu, options)

    def going(self, walk: Walk) -> Bool[Array, ""]:
        """Whether there is more to do, and hope to do it in parallel."""
        unfinished = walk.history.position < self.steps.length
        return unfinished & self.decision.hopeful(walk.history, self.menu)

    def steps_next(self, walk: Walk, choice: Choice) -> Bool[Array, ""]:
        """Whether to make steps: so it is chosen, or the last piece delivered nothing."""
        return self.going(walk) & ~(choice.parallel & walk.advancing)

    def piece(self, walk: Walk, choice: Choice) -> Walk:
        """Solve for the next piece."""
        menu = self.menu
        # One size for all members of a batch: a switch between them would make all sizes.
        size = largest_member(jnp.maximum(choice.size, _needed(walk, menu)))
        pieces = [
            partial(solved_piece, self.padded, place, menu, self.options)
            for place in range(len(menu.sizes))
        ]
        walk, outcome = jax.lax.switch(size, pieces, walk, choice)
        return remembered(walk, outcome, menu)

    def stretch(self, walk: Walk, choice: Choice) -> Walk:
        """Make some steps one after the other."""
        wait = largest_member(jnp.where(self.steps_next(walk, choice), choice.wait, 0))
        more = jnp.minimum(wait, self.steps.length - walk.history.position)
        walk = step_on(self.steps, walk, more, self.menu)
        return walk._replace(advancing=jnp.array(True))

    def rest(self, walk: Walk) -> Walk:
        """Make all steps that are left one after the other."""
        return step_to_the_end(self.steps, walk, self.menu)


def walk(walker: Walker, y0: Float[Array, " d"], history: History) -> Walk:
    """Go through a window, in parallel as long as the decision is for that.

    Arguments:
        walker: of the window.
        y0: its first state.
        history: of the run.
    """
    whole = type(walker.decision) is AlwaysParallel

    def going(walk: Walk) -> Bool[Array, ""]:
        return walker.going(walk) & (walk.advancing | (not whole))

    def onwards(walk: Walk) -> Walk:
        choice = walker.decision.choose(walk.history, walker.menu)
        if whole:
            return walker.piece(walk, choice)
        parallel = ~any_member(walker.steps_next(walk, choice))
        return jax.lax.cond(parallel, walker.piece, walker.stretch, walk, choice)

    start = Walk.start(y0, history, walker.menu)
    walked = jax.lax.while_loop(going, onwards, start)
    walked = walker.rest(walked)
    return walked._replace(states=walked.states[: walker.steps.length])


def _needed(walk: Walk, menu: WindowMenu) -> Int[Array, ""]:
    """Return the place of the smallest size that reaches to the end of the window, or of all."""
    remaining = menu.steps - walk.history.position
    return jnp.sum(jnp.array(menu.sizes[1:], jnp.int32) >= remaining, dtype=jnp.int32)
