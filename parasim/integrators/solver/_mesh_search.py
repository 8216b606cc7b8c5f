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
        errors: the error estimates of the steps, in units of the tolerance.
        known: before how many steps there is none that is not within the tolerance, or not solved.
        solved: whether all steps are, within the tolerance or not.
        rounds: how many it took.
        iterations: of Newton's method, in all of them.
        update: the certificate of the last round.
        history: of the run.
    """

    mesh: Mesh
    states: PyTree
    errors: Float[Array, " N"]
    known: Int[Array, ""]
    solved: Bool[Array, ""]
    rounds: Int[Array, ""]
    iterations: Int[Array, ""]
    update: Float[Array, ""]
    history: History

    @classmethod
    def start(cls, mesh: Mesh, states: PyTree, errors: Array, history: History) -> "Found":
        """Return the steps that are to be divided."""
        none = jnp.zeros((), jnp.int32)
        update = jnp.zeros((), history.tangent.dtype)
        return cls(mesh, states, errors, none, jnp.array(True), none, none, update, history)

    @classmethod
    def nothing(cls, t0: Any, y0: PyTree, slots: int, history: History) -> "Found":
        """Return that there are no steps yet, in so many slots."""
        states = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (slots, *jnp.shape(leaf))), y0)
        mesh = Mesh(jnp.full(slots + 1, t0), jnp.zeros((), jnp.int32))
        return cls.start(mesh, states, jnp.zeros(slots, history.tangent.dtype), history)


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
        errors = steps.errors(coarse.mesh, coarse.states, self.tolerance)
        found = Found.start(coarse.mesh, coarse.states, errors, history)

        def going(found: Found) -> Bool[Array, ""]:
            poor = found.known < found.mesh.steps
            return found.solved & poor & (found.rounds < _MOST_ROUNDS)

        found = jax.lax.while_loop(going, lambda found: self._divided(found), found)
        return found, coarse.attempts

    def _divided(self, found: Found) -> Found:
        """Divide the steps that need it, and solve."""
        steps, flattening = self.steps, Flattening(self.steps.y0)
        errors = jnp.where(found.mesh.made, found.errors, 0)
        mesh, parent = found.mesh.divided(parts_needed(errors, self.order))
        guess = steps.interpolated(found.mesh, found.states, mesh, parent)
        walk = self._walk(mesh, guess, found.history)
        states = jax.vmap(flattening.unflatten)(walk.states[: mesh.slots])
        errors, left = steps.checked(mesh, states, self.tolerance)
        reached = jnp.arange(mesh.slots, dtype=jnp.int32) < walk.history.position
        good = reached & (errors < 1) & (left < _LEFT)
        known = jnp.sum(jnp.cumprod(good.astype(jnp.int32)), dtype=jnp.int32)
        return Found(
            mesh=mesh,
            states=states,
            errors=errors,
            known=jnp.minimum(known, mesh.steps),
            solved=walk.history.position >= mesh.steps,
            rounds=found.rounds + 1,
            iterations=found.iterations + walk.history.iterations,
            update=walk.update,
            history=walk.history,
        )

    def _walk(self, mesh: Mesh, guess: PyTree, history: History) -> Walk:
        """Solve on a mesh, as long as the decision is for parallel."""
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
        return jax.lax.while_loop(going, onwards, (start, jnp.array(True)))[0]
