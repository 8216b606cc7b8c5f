"""A window that two devices find together: pieces on the one, what is stepped through on the other.

The device makes pieces as long as the decision is for that. Where it is not, what is left of the
window, all of it at its beginning, is left to the host's CPU, which goes on with whole windows as
long as the decision is for that. What is known of a window goes from the one to the other.

So here a choice to step holds for the rest of the window, however short it asks to wait. Each
choice is made once, by whoever came so far, and kept: where a run goes on depends on nothing else,
neither on how many windows a call computes nor on how the two devices round.
"""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._decision import BATCH, TRIAL, Choice
from parasim.integrators.decision._history import History
from parasim.integrators.newton._batch import all_members, any_member
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.solver._window_integrator import WindowIntegrator
from parasim.integrators.window._claim import as_claimed
from parasim.integrators.window._delivered import Delivered
from parasim.integrators.window._record import WindowRecord
from parasim.integrators.window._recurrence import Recurrence, shooting_intervals, steps_on_vectors
from parasim.integrators.window._walk import Walker
from parasim.integrators.window._walk_state import Walk
from parasim.integrators.window._window import WindowSolver
from parasim.integrators.window._window_memory import check_states_fit

# What going to the device and back is taken for, in steps of the device: some fifty arrays each
# way, most of them small, about 2 ms where a step takes 10 us. An estimate: nobody has measured it.
_MOVING = 200


class OpenWindow(NamedTuple):
    """What is known of a window, and what the run remembers.

    Attributes:
        walk: how far it has come, and the history.
        choice: that was made at its start.
        spent, wasted: of the history at its start.
        stepping: whether the rest of it, or all, is to be stepped through; the same for all members
            of a batch.
    """

    walk: Walk
    choice: Choice
    spent: Float[Array, ""]
    wasted: Float[Array, ""]
    stepping: Bool[Array, ""]

    @property
    def begun(self) -> Bool[Array, ""]:
        """Whether anything was done in it."""
        history = self.walk.history
        return (history.position > 0) | (history.iterations > 0)

    def following(
        self, history: History, choice: Choice, stepping: Bool[Array, ""]
    ) -> "OpenWindow":
        """Return the next window."""
        walk = self.walk._replace(
            update=jnp.zeros_like(self.walk.update),
            advancing=jnp.ones_like(self.walk.advancing),
            history=history,
        )
        return OpenWindow(walk, choice, history.spent, history.wasted, stepping)


class WindowShare(eqx.Module):
    """Does one device's share of the windows of an integrator.

    Attributes:
        integrator: of whole windows.
        stepped: whether the share is what is stepped through.
    """

    integrator: WindowIntegrator
    stepped: bool = eqx.field(static=True)

    def init(self, y0: PyTree, steps: int) -> OpenWindow:
        """Return the first window of a run that starts at y0, in windows of so many steps."""
        solver, vector = self.integrator.window_solver(y0), Flattening(y0).flatten(y0)
        menu, history = solver.menu(steps, jnp.ones(())), solver.start(y0, steps)
        walk = Walk.start(vector, history, menu)
        unknown = Choice.to_step(history, TRIAL)  # the device will choose
        return OpenWindow(walk, unknown, history.spent, history.wasted, jnp.array(False))

    def __call__(
        self, window: OpenWindow, y: PyTree, args: PyTree, start: Int[Array, ""] | int, steps: int
    ) -> tuple[PyTree, OpenWindow, WindowRecord]:
        """Find a window, or the part of it that is this device's.

        Arguments:
            window: that begins at step `start`, whose `stepping` says that it is this one's turn.
            y: the state at its start.
            args: of the vector field.
            start: the number of its first step.
            steps: how many it has; no more than `init` was told.

        Returns:
            The states after each step, along a leading axis, and what was done; both are of no use
            where the window is not finished, which `stepping` then says; and between them what is
            known of this window, or of the next one.
        """
        recurrence = self.integrator.recurrence(y, args, start, steps)
        solver = self.integrator.window_solver(y)
        share = _stepped if self.stepped else _in_parallel
        return share(solver, recurrence, y, window)

    def is_next(self, window: OpenWindow) -> Bool[Array, ""]:
        """Whether it is this device's turn; the window may be that of a batch."""
        return jnp.any(window.stepping) == self.stepped

    def finished(self, window: OpenWindow) -> Bool[Array, ""]:
        """Whether the window was, by a call that returned this one."""
        return self.stepped | ~jnp.any(window.stepping)


def _in_parallel(
    solver: WindowSolver, recurrence: Recurrence, y: PyTree, window: OpenWindow
) -> tuple[PyTree, OpenWindow, WindowRecord]:
    """Make pieces, as long as the decision is for them."""
    menu, flattening = solver.menu(recurrence.steps, recurrence.duration), Flattening(y)
    check_states_fit(recurrence, window.walk.history.tangent)
    walker = _walker(solver, recurrence, y)

    def going(window: OpenWindow) -> Bool[Array, ""]:
        first = ~window.begun  # for which there is a choice to be made
        return ~window.stepping & window.walk.advancing & (walker.going(window.walk) | first)

    def onwards(window: OpenWindow) -> OpenWindow:
        choice = solver.decision.choose(window.walk.history, menu)
        parallel = ~any_member(walker.steps_next(window.walk, choice))
        walk = jax.lax.cond(parallel, walker.piece, lambda walk, _: walk, window.walk, choice)
        first = _of_all(choice, parallel)
        first = jax.tree.map(partial(jnp.where, window.begun), window.choice, first)
        return window._replace(walk=walk, choice=first, stepping=~parallel)

    window = jax.lax.while_loop(going, onwards, window)
    window = window._replace(walk=_as_claimed(solver, recurrence, y, window.walk))
    finished = all_members(window.walk.history.position >= recurrence.steps)
    delivered = _delivered(window.walk, flattening, recurrence)
    _, states, record, history = solver.recorded(delivered, window.choice, _before(window), menu)
    following = window.following(history, window.choice, ~finished)
    window = window._replace(stepping=~finished)
    return states, jax.tree.map(partial(jnp.where, finished), following, window), record


def _stepped(
    solver: WindowSolver, recurrence: Recurrence, y: PyTree, window: OpenWindow
) -> tuple[PyTree, OpenWindow, WindowRecord]:
    """Step through what is left, and choose for the next window."""
    menu, flattening = solver.menu(recurrence.steps, recurrence.duration), Flattening(y)
    walker, history = _walker(solver, recurrence, y), window.walk.history
    delivered = jax.lax.cond(
        all_members(~window.begun),
        lambda: solver.sequential(recurrence, y, history, menu),
        lambda: _delivered(walker.rest(window.walk), flattening, recurrence),
    )
    y1, states, record, history = solver.recorded(delivered, window.choice, _before(window), menu)
    moved = _after_moving(history, menu)  # so that there is a budget for that too
    choice = solver.decision.choose(moved, menu)
    parallel = all_members(choice.parallel)
    window = window._replace(walk=window.walk._replace(y=flattening.flatten(y1)))
    window = window.following(history, _of_all(choice, parallel), ~parallel)
    history = jax.tree.map(partial(jnp.where, parallel), moved, history)
    return states, window._replace(walk=window.walk._replace(history=history)), record


def _walker(solver: WindowSolver, recurrence: Recurrence, y: PyTree) -> Walker:
    flattening = Flattening(y)
    vector = flattening.flatten(y)
    steps = steps_on_vectors(recurrence, flattening, vector)
    menu = solver.menu(recurrence.steps, recurrence.duration)
    return Walker.through(steps, vector.size, solver.decision, menu, solver.newton)


def _as_claimed(solver: WindowSolver, recurrence: Recurrence, y: PyTree, found: Walk) -> Walk:
    """Return what was found, with an error if the Jacobians are not of the form that is claimed."""
    method, flattening = solver.newton.method, Flattening(y)
    vector = flattening.flatten(y)
    if not method.structure.claims(vector.size):
        return found
    intervals = shooting_intervals(recurrence, flattening, vector, method)
    states = found.states[: recurrence.steps]
    last, states = as_claimed(method.structure, intervals, vector, found.y, states)
    return found._replace(y=last, states=found.states.at[: recurrence.steps].set(states))


def _delivered(found: Walk, flattening: Flattening, recurrence: Recurrence) -> Delivered:
    states = jax.vmap(flattening.unflatten)(found.states[: recurrence.steps])
    return Delivered.by_walk(found, flattening.unflatten(found.y), states, recurrence)


def _after_moving(history: History, menu: WindowMenu) -> History:
    """Return the history with the time that going to the device, and back some time, takes."""
    time = _MOVING * menu.costs.step
    return history._replace(spent=history.spent + time, wasted=history.wasted + time)


def _before(window: OpenWindow) -> History:
    """Return the history at the window's start, in so far as a record is about it."""
    return window.walk.history._replace(spent=window.spent, wasted=window.wasted)


def _of_all(choice: Choice, parallel: Bool[Array, ""]) -> Choice:
    """Return a member's choice, if others of its batch may have chosen otherwise."""
    waits = choice.parallel & ~parallel
    return choice._replace(reason=jnp.where(waits, BATCH, choice.reason))
