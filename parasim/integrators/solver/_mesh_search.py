"""The steps of a window, and its states, found together from a tolerance.

An adaptive integration at a loose tolerance says how long steps may be. Each of them is divided
into as many as its error estimate asks for, the coarse solution is interpolated, and Newton's
method finds the states on that mesh. Steps that are not within the tolerance then, by their own
error estimates, are divided again.

A step is within the tolerance if its error estimate is, as for an adaptive solver, and if the
states before and after it satisfy its equation up to a tenth of that.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._history import History
from parasim.integrators.newton._batch import any_member
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.steps._adaptive import adaptive_pass
from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._mesh_steps import MeshSteps, parts_needed
from parasim.integrators.steps._tolerance import Tolerance
from parasim.integrators.window._recurrence import steps_on_vectors
from parasim.integrators.window._walk import Walker
from parasim.integrators.window._walk_state import Walk
from parasim.integrators.window._window import WindowSolver

# Steps are divided, or solved for again, no more often than this.
_MOST_ROUNDS = 8

# The part of a step's tolerance that Newton's method may leave.
_LEFT = 0.1


class Found(NamedTuple):
    """States on a mesh.

    Attributes:
        mesh: the steps.
        states: after each of them, along a leading axis.
        known: before how many steps there is none that is not within the tolerance, or not solved.
        searching: whether these steps are still to be checked.
        solved: whether all steps are, within the tolerance or not.
        rounds: how many it took.
        iterations: of Newton's method, in all of them.
        update: the certificate of the last round.
        history: of the run.
    """

    mesh: Mesh
    states: PyTree
    known: Int[Array, ""]
    searching: Bool[Array, ""]
    solved: Bool[Array, ""]
    rounds: Int[Array, ""]
    iterations: Int[Array, ""]
    update: Float[Array, ""]
    history: History

    @classmethod
    def start(cls, mesh: Mesh, states: PyTree, history: History) -> "Found":
        """Return the steps that are to be divided."""
        none, yes = jnp.zeros((), jnp.int32), jnp.array(True)
        update = jnp.zeros((), history.tangent.dtype)
        return cls(mesh, states, none, yes, yes, none, none, update, history)

    @classmethod
    def nothing(cls, t0: Any, y0: PyTree, slots: int, history: History) -> "Found":
        """Return that there are no steps yet, in so many slots."""
        states = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (slots, *jnp.shape(leaf))), y0)
        mesh = Mesh(jnp.full(slots + 1, t0), jnp.zeros((), jnp.int32))
        return cls.start(mesh, states, history)


class MeshSearch(eqx.Module):
    """Looks for the steps of a window.

    Attributes:
        solver: of windows.
        steps: the inner solver's.
        tolerance: of every step.
        coarseness: how many times as loose that of the coarse steps is.
        order: of the error estimates.
        menu: the pieces that windows are found in.
    """

    solver: WindowSolver
    steps: MeshSteps
    tolerance: Tolerance
    coarseness: float | Float[Array, ""]
    order: float
    menu: WindowMenu

    def __call__(self, t0: Any, t1: Any, history: History) -> tuple[Found, Int[Array, ""]]:
        """Search the window from t0 to t1; return what was found, and the coarse attempts.

        Where there are not slots enough, what was found ends before t1.
        """
        steps, y0 = self.steps, self.steps.y0
        coarse = adaptive_pass(
            *(steps.solver, steps.terms, steps.args, t0, t1, y0),
            self.tolerance.times(self.coarseness),
            self.menu.steps,
        )
        found = Found.start(coarse.mesh, coarse.states, history)
        found = jax.lax.while_loop(
            lambda found: found.searching, lambda found: self._onwards(found), found
        )
        return found, coarse.attempts

    def _onwards(self, found: Found) -> Found:
        """Check the steps; divide those that need it, and solve."""
        steps, mesh, states = self.steps, found.mesh, found.states
        details = steps.details(mesh, states)
        errors = steps.errors(states, details, self.tolerance)
        left = steps.residuals(mesh, states, details, self.tolerance)
        reached = jnp.arange(mesh.slots, dtype=jnp.int32) < found.history.position
        good = reached & (errors < 1) & (left < _LEFT)
        known = jnp.sum(jnp.cumprod(good.astype(jnp.int32)), dtype=jnp.int32)
        known = jnp.where(found.rounds > 0, jnp.minimum(known, mesh.steps), 0)
        poor = found.solved & (known < mesh.steps) & (found.rounds < _MOST_ROUNDS)

        def divided() -> tuple[Mesh, PyTree]:
            parts = parts_needed(jnp.where(mesh.made, errors, 0), self.order)
            finer, parent = mesh.divided(parts)
            return finer, steps.interpolated(mesh, details, finer, parent)

        # Only this is in a `lax.cond`, and not the loops of the walk: XLA takes seconds to simplify
        # one more level of computations.
        finer, guess = jax.lax.cond(any_member(poor), divided, lambda: (mesh, states))
        flattening = Flattening(steps.y0)
        walk = self._walk(finer, guess, found.history, poor)
        solved = Found(
            mesh=finer,
            states=jax.vmap(flattening.unflatten)(walk.states[: mesh.slots]),
            known=known,
            searching=jnp.array(True),
            solved=walk.history.position >= finer.steps,
            rounds=found.rounds + 1,
            iterations=found.iterations + walk.history.iterations,
            update=walk.update,
            history=walk.history,
        )
        checked = found._replace(known=known, searching=jnp.array(False))
        return jax.tree.map(lambda new, old: jnp.where(poor, new, old), solved, checked)

    def _walk(self, mesh: Mesh, guess: PyTree, history: History, wanted: Bool[Array, ""]) -> Walk:
        """Solve on a mesh, if that is wanted, as long as the decision is for parallel."""
        y0, decision = self.steps.y0, self.solver.decision
        flattening = Flattening(y0)
        vector = flattening.flatten(y0)
        recurrence = self.steps.recurrence(mesh, self.solver.newton.method, guess)
        steps = steps_on_vectors(recurrence, flattening, vector)
        walker = Walker.through(steps, vector.size, decision, self.menu, self.solver.newton)

        def going(carry: tuple[Walk, Array]) -> Bool[Array, ""]:
            walk, parallel = carry
            unfinished = walk.history.position < mesh.steps
            return parallel & unfinished & walk.advancing & walker.going(walk)

        def onwards(carry: tuple[Walk, Array]) -> tuple[Walk, Array]:
            walk, _ = carry
            choice = decision.choose(walk.history, self.menu)
            parallel = ~any_member(walker.steps_next(walk, choice))
            walk = jax.lax.cond(parallel, walker.piece, lambda walk, _: walk, walk, choice)
            return walk, parallel

        none = jnp.zeros((), jnp.int32)
        history = history._replace(
            position=none,
            iterations=none,
            delivered=none,
            log_growth=jnp.zeros_like(history.log_growth),
        )
        start = Walk.start(vector, history, self.menu)
        return jax.lax.while_loop(going, onwards, (start, wanted))[0]
