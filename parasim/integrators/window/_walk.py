"""A window found by Newton's method, piece by piece from its beginning.

A piece is a number of steps, chosen each time. What of it has converged is kept, the next piece
begins there, and its first guess is made from there. Where parallel does not pay some steps are
made one after the other before the next choice, and what is given up is stepped through.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._decision import AbstractDecision, AlwaysParallel, Choice
from parasim.integrators.decision._history import ANALOGUE, COARSE, History, Outcome
from parasim.integrators.kernels._choice import loop_kernel
from parasim.integrators.method._method import Method
from parasim.integrators.method._propagator import Propagator
from parasim.integrators.newton._batch import all_members, any_member, largest_member
from parasim.integrators.newton._growth import propagated_growth
from parasim.integrators.newton._guess import coarse_guess, constant_guess
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._newton import NewtonOptions, Planned, newton
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
        return cls(steps, _padded(steps, menu, options.interval), decision, menu, options)

    @property
    def length(self) -> int:
        """N, how many steps there are."""
        return jax.tree.leaves(self.steps.inputs)[0].shape[0]

    def going(self, walk: Walk) -> Bool[Array, ""]:
        """Whether there is more to do, and hope to do it in parallel."""
        unfinished = walk.history.position < self.length
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
            partial(_piece, self.padded, place, menu, self.options)
            for place in range(len(menu.sizes))
        ]
        walk, outcome = jax.lax.switch(size, pieces, walk, choice)
        return _remembered(walk, outcome, menu)

    def stretch(self, walk: Walk, choice: Choice) -> Walk:
        """Make some steps one after the other."""
        wait = largest_member(jnp.where(self.steps_next(walk, choice), choice.wait, 0))
        more = jnp.minimum(wait, self.length - walk.history.position)
        walk = _stepped(self.steps, walk, more, self.menu)
        return walk._replace(advancing=jnp.array(True))

    def rest(self, walk: Walk) -> Walk:
        """Make all steps that are left one after the other, those of a batch side by side.

        Under `vmap` a loop whose members end at different steps copies all states in every one.
        """
        position = walk.history.position
        fused = _fused_steps(self.steps, walk, position, self.length)
        if fused is not None:
            return _after_steps(walk, self.length - position, self.menu, *fused)

        def step(place: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            y, states = carry
            x = jax.tree.map(lambda leaf: leaf[place], self.steps.inputs)
            y = jnp.where(place < position, y, self.steps.step(y, x))
            state = jnp.where(place < position, states[place], y)
            return y, states.at[place].set(state)

        first = -largest_member(-position)
        y, states = jax.lax.fori_loop(first, self.length, step, (walk.y, walk.states))
        return _after_steps(walk, self.length - position, self.menu, y, states)


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
    return walked._replace(states=walked.states[: walker.length])


def _needed(walk: Walk, menu: WindowMenu) -> Int[Array, ""]:
    """Return the place of the smallest size that reaches to the end of the window, or of all."""
    remaining = menu.steps - walk.history.position
    return jnp.sum(jnp.array(menu.sizes[1:], jnp.int32) >= remaining, dtype=jnp.int32)


def _padded(steps: Steps, menu: WindowMenu, interval: int) -> Steps:
    """Repeat the last inputs, for pieces that reach beyond the end; those are not stepped."""

    def longer(inputs: PyTree, more: int) -> PyTree:
        return jax.tree.map(
            lambda leaf: jnp.concatenate([leaf, jnp.repeat(leaf[-1:], more, axis=0)]), inputs
        )

    most = max(menu.sizes)
    return steps._replace(
        inputs=longer(steps.inputs, most),
        coarse_inputs=longer(steps.coarse_inputs, -(-most // interval)),
        guess=longer(steps.guess, most),
    )


def _piece(
    steps: Steps, place: int, menu: WindowMenu, options: NewtonOptions, walk: Walk, choice: Choice
) -> tuple[Walk, Outcome]:
    """Solve for the next piece, and keep what has converged."""
    length = menu.sizes[place]
    position = walk.history.position
    inputs, remaining = _slice(steps.inputs, position, length), menu.steps - position
    coarse_inputs = _slice(
        steps.coarse_inputs, position // options.interval, -(-length // options.interval)
    )
    intervals = Intervals(
        steps.step,
        inputs,
        options.interval,
        remaining,
        coarse_inputs,
        options.method.mesh,
        steps.equations,
        fused=True,
    )
    guess, by_analogue = _guess(steps, walk, choice, intervals, options.method)
    planned = Planned(choice.iterations, choice.pace / options.interval)
    found = newton(intervals, walk.y, guess, options, planned, menu.most)
    states = intervals.states(intervals.starts(walk.y, found.ends), found.stages)
    accepted = jnp.minimum(found.prefix * options.interval, jnp.minimum(remaining, length))
    log_growth, tangent = _growth(options.method, found.propagator, walk.history.tangent)
    finite = jnp.all(jnp.isfinite(tangent))
    moved = (accepted > 0) & finite
    log_growth = jnp.where(accepted > 0, jnp.where(finite, log_growth, jnp.nan), 0)
    outcome = Outcome(
        place=jnp.asarray(place, jnp.int32),
        kind=jnp.where(by_analogue, ANALOGUE, COARSE),
        length=jnp.minimum(remaining, length),
        iterations=found.iterations,
        fronts=found.fronts * options.interval,
        accepted=accepted,
        log_growth=log_growth,
        tangent=jnp.where(moved, tangent, walk.history.tangent),
    )
    walk = walk._replace(
        y=jnp.where(accepted > 0, states[jnp.maximum(accepted - 1, 0)], walk.y),
        states=jax.lax.dynamic_update_slice_in_dim(walk.states, states, position, 0),
        update=jnp.maximum(walk.update, found.update),
        advancing=accepted > 0,
    )
    return walk, outcome


def _remembered(walk: Walk, outcome: Outcome, menu: WindowMenu) -> Walk:
    """Add a piece to the history."""
    states = _slice(walk.states, walk.history.position, max(menu.sizes))
    history = walk.history.after_piece(outcome, menu)
    history = history._replace(past=history.past.with_more(states, outcome.accepted))
    return walk._replace(history=history)


def _growth(
    method: Method, propagator: Propagator, tangent: Float[Array, " d"]
) -> tuple[Float[Array, ""], Float[Array, " d"]]:
    """Return how a tangent grows through a piece, and what it becomes; NaN if nobody knows."""
    if method.structure.exact:
        return propagated_growth(method.structure, propagator, tangent)
    return jnp.full((), jnp.nan, tangent.dtype), jnp.full_like(tangent, jnp.nan)


def _guess(
    steps: Steps, walk: Walk, choice: Choice, intervals: Intervals, method: Method
) -> tuple[Float[Array, "M d"], Bool[Array, ""]]:
    """Return the first guess, and whether it is what followed an analogue."""
    past, position = walk.history.past, walk.history.position

    def first() -> Array:
        return _first_guess(steps, walk.y, position, intervals, method)

    if not past.room:
        return first(), jnp.array(False)
    by_analogue = all_members(choice.analogue >= 0)

    def analogue() -> Array:
        return past.continued(choice.analogue, intervals.count, intervals.length)

    return jax.lax.cond(by_analogue, analogue, first), by_analogue


def _first_guess(
    steps: Steps,
    y: Float[Array, " d"],
    position: Int[Array, ""],
    intervals: Intervals,
    method: Method,
) -> Float[Array, "M d"]:
    if steps.guess is not None:
        return intervals.last_of_each(_slice(steps.guess, position, intervals.steps))
    if steps.coarse_step is None or method.guess == "constant":
        return constant_guess(y, intervals.count)
    return coarse_guess(steps.coarse_step, y, intervals.coarse_inputs)


def _slice(inputs: PyTree, start: Int[Array, ""], length: int) -> PyTree:
    return jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, start, length), inputs)


def _stepped(steps: Steps, walk: Walk, more: Int[Array, ""], menu: WindowMenu) -> Walk:
    """Make so many steps one after the other."""
    first = walk.history.position
    fused = _fused_steps(steps, walk, first, first + more)
    if fused is not None:
        return _after_steps(walk, more, menu, *fused)

    def step(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        position, y, states = carry
        x = jax.tree.map(lambda leaf: leaf[position], steps.inputs)
        y = steps.step(y, x)
        return position + 1, y, states.at[position].set(y)

    _, y, states = jax.lax.while_loop(
        lambda carry: carry[0] < first + more, step, (first, walk.y, walk.states)
    )
    return _after_steps(walk, more, menu, y, states)


def _fused_steps(
    steps: Steps, walk: Walk, first: Int[Array, ""], stop: Any
) -> tuple[Float[Array, " d"], Float[Array, "room d"]] | None:
    """Make the steps of a window from a first one on in one kernel, if it can be."""

    def body(y: Array, x: PyTree) -> tuple[Array, Array]:
        y = steps.step(y, x)
        return y, y

    one = walk.y[None], jax.tree.map(lambda leaf: leaf[None], steps.inputs)
    kernel = loop_kernel(body, *one)
    if kernel is None:
        return None
    (y,), (states,) = kernel(*one, span=(first, stop))
    place = jnp.arange(states.shape[0], dtype=first.dtype)
    made = ((place >= first) & (place < stop))[:, None]
    known = walk.states[: states.shape[0]]
    return y, walk.states.at[: states.shape[0]].set(jnp.where(made, states, known))


def _after_steps(
    walk: Walk,
    more: Int[Array, ""],
    menu: WindowMenu,
    y: Float[Array, " d"],
    states: Float[Array, "room d"],
) -> Walk:
    first = walk.history.position
    history = walk.history.after_steps(more, menu)
    past = history.past.with_more(jnp.roll(states, -first, axis=0), more)
    history = history._replace(past=past, position=first + more)
    return walk._replace(y=y, states=states, history=history)
