"""A window whose steps follow from a tolerance: coarse and adaptive, divided, and solved together.

An adaptive integration at a loose tolerance says how long the steps may be. Each of them is divided
into as many as its error estimate asks for, the coarse solution is interpolated, and Newton's
method finds the states on that mesh. Steps whose own error estimate is beyond the tolerance then
are divided again. What does not converge, or not within the tolerance, is integrated adaptively,
one step after the other.
"""

from functools import partial
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim._errors import ConfigError
from parasim.integrators.decision import _decision as decision
from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._decision import Choice
from parasim.integrators.decision._history import History
from parasim.integrators.newton._batch import all_members, any_member
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.steps._adaptive import adaptive_pass
from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._steps import SizedStep, mesh_recurrence
from parasim.integrators.steps._nodes import Slot
from parasim.integrators.steps._tolerance import Tolerance
from parasim.integrators.newton._implicit import with_derivatives
from parasim.integrators.window._record import WindowRecord
from parasim.integrators.window._recurrence import Recurrence, constant, shooting_intervals, steps_on_vectors
from parasim.integrators.window._walk import Walk, Walker
from parasim.integrators.window._window import Delivered, WindowSolver

# An error estimate of order p is expected to shrink by (_SAFETY / parts)^p where a step is divided.
_SAFETY = 1.2

# How often a mesh is divided: once coarse steps, and then what was not fine enough.
_MOST_ROUNDS = 8

# Of the tolerance of a step, what Newton's method may leave.
_LEFT = 0.1


class MeshRecord(NamedTuple):
    """How the mesh of a window was found.

    Attributes:
        coarse_steps: that were tried, one after the other, for the mesh.
        rounds: how often it was divided, and solved in parallel.
        inner_steps: of the window.
        adaptive_steps: that were tried, one after the other, within the tolerance.
        error: the largest error estimate of an inner step, in units of the tolerance.
    """

    coarse_steps: Int[Array, ""]
    rounds: Int[Array, ""]
    inner_steps: Int[Array, ""]
    adaptive_steps: Int[Array, ""]
    error: Float[Array, ""]

    @classmethod
    def empty(cls, dtype: Any) -> "MeshRecord":
        """Return that of no window, for states of this dtype."""
        none = jnp.zeros((), jnp.int32)
        return cls(none, none, none, none, jnp.zeros((), dtype))


class Found(NamedTuple):
    """States on a mesh.

    Attributes:
        mesh: the steps.
        states: after each of them, along a leading axis.
        errors: the error estimates of the steps, in units of the tolerance.
        left: what Newton's method has left in each step, in units of what it may.
        known: of how many steps the states are known.
        rounds: how many it took.
        iterations: of Newton's method, in all of them.
        update: the largest certificate of the last round.
        history: of the run.
    """

    mesh: Mesh
    states: PyTree
    errors: Float[Array, " N"]
    left: Float[Array, " N"]
    known: Int[Array, ""]
    rounds: Int[Array, ""]
    iterations: Int[Array, ""]
    update: Float[Array, ""]
    history: History

    @property
    def poor(self) -> Bool[Array, " N"]:
        """Which steps are not within the tolerance."""
        return self.mesh.made & ((self.errors >= 1) | (self.left >= 1))

    @property
    def good(self) -> Int[Array, ""]:
        """How many steps are known, and within the tolerance, before the first that is not."""
        good = ~self.poor & (jnp.arange(self.mesh.slots, dtype=jnp.int32) < self.known)
        number = jnp.sum(jnp.cumprod(good.astype(jnp.int32)), dtype=jnp.int32)
        return jnp.minimum(number, self.mesh.count)


class ControlledWindow(eqx.Module):
    """A window to be found.

    Attributes:
        solver: of windows, whatever makes their steps.
        inner: the inner solver.
        terms, args: as diffrax hands them to a solver.
        tolerance: of every step.
        coarseness: how many times as loose the tolerance of the coarse steps is.
        slots: N, the most steps that the window may have.
    """

    solver: WindowSolver
    inner: diffrax.AbstractSolver
    terms: PyTree
    args: PyTree
    tolerance: Tolerance
    coarseness: float
    slots: int

    def solve(
        self, t0: Any, t1: Any, y0: PyTree, history: History
    ) -> tuple[PyTree, PyTree, Mesh, WindowRecord, MeshRecord, History]:
        """Solve the window.

        Returns:
            The last state; what the inner solver interpolates from, step by step; the steps, which
            end before t1 if there were not slots enough; what was done; how the mesh was found;
            and the history for the next window.
        """
        found = constant(self).find(*constant((t0, t1, y0, history)))
        mesh, states, delivered, choice, more = constant(found)
        # The steps are fixed parts of the window, which its ends may move.
        length = jnp.where(t1 > t0, t1 - t0, 1)
        parts = jax.lax.stop_gradient((mesh.nodes - t0) / length)
        nodes = jnp.where(mesh.nodes < t1, t0 + parts * (t1 - t0), t1)
        flattening = Flattening(y0)
        vector = flattening.flatten(y0)
        recurrence, step = self._steps(Mesh(nodes, mesh.count), y0)
        intervals = shooting_intervals(
            recurrence, flattening, vector, self.solver.newton.interval
        )
        vectors = jax.vmap(flattening.flatten)(states)
        last, vectors = with_derivatives(
            intervals, vector, vectors[-1], vectors, self.solver.newton.method
        )
        y1, states = flattening.unflatten(last), jax.vmap(flattening.unflatten)(vectors)
        menu = self.solver.menu(self.slots, t1 - t0)
        _, _, record, history = self.solver.recorded(delivered, choice, history, menu)
        details = jax.vmap(step.details)(states_before(y0, states), recurrence.inputs)[1]
        return y1, details, mesh, record, more, history

    def find(
        self, t0: Any, t1: Any, y0: PyTree, history: History
    ) -> tuple[Mesh, PyTree, Delivered, Choice, MeshRecord]:
        """Find the steps from t0 to t1; derivatives do not flow through this.

        Returns:
            The steps, which end before t1 if there were not slots enough; the states after each;
            and what was done.
        """
        menu = self.solver.menu(self.slots, t1 - t0)
        never = self.solver.why_stepped(self._steps(self._nothing(t0), y0)[0], y0)
        none = jnp.zeros((), jnp.int32)
        if never is not None:
            choice = Choice.to_step(history, never)
            found, coarse = self._start(t0, y0, history), none
        else:
            choice = self.solver.decision.choose(history, menu)
            parallel = all_members(choice.parallel)
            reason = jnp.where(choice.parallel & ~parallel, decision.BATCH, choice.reason)
            choice = choice._replace(reason=reason)
            found, coarse = jax.lax.cond(
                parallel,
                lambda: self._in_parallel(t0, t1, y0, history, menu),
                lambda: (self._start(t0, y0, history), none),
            )
        found, adaptive = self._finished(found, t1, y0)
        whole = (adaptive == 0) & (found.known > 0)
        delivered = Delivered(
            y1=jax.tree.map(lambda leaf: leaf[-1], found.states),
            states=found.states,
            parallel_steps=jnp.where(whole, self.slots, found.known),
            iterations=found.iterations,
            update=found.update,
            growth=jnp.where(
                whole, found.history.log_growth / (t1 - t0).astype(history.tangent.dtype), jnp.nan
            ),
            history=found.history.after_steps(adaptive, menu),
        )
        largest = jnp.max(jnp.where(found.mesh.made, found.errors, 0))
        record = MeshRecord(coarse, found.rounds, found.mesh.count, adaptive, largest)
        return found.mesh, found.states, delivered, choice, record

    def _nothing(self, t0: Any) -> Mesh:
        return Mesh(jnp.full(self.slots + 1, t0), jnp.zeros((), jnp.int32))

    def _start(self, t0: Any, y0: PyTree, history: History) -> Found:
        """Return that nothing is known of the window."""
        states = jax.tree.map(
            lambda leaf: jnp.broadcast_to(leaf, (self.slots, *jnp.shape(leaf))), y0
        )
        none = jnp.zeros((), jnp.int32)
        errors = jnp.zeros(self.slots, history.tangent.dtype)
        update = jnp.zeros((), history.tangent.dtype)
        return Found(self._nothing(t0), states, errors, errors, none, none, none, update, history)

    def _steps(self, mesh: Mesh, y0: PyTree, guess: PyTree = None) -> tuple[Recurrence, Any]:
        method = self.solver.newton.method
        return mesh_recurrence(self.inner, self.terms, self.args, mesh, y0, method, guess)

    def _details(self, mesh: Mesh, y0: PyTree, states: PyTree) -> tuple[Array, PyTree]:
        """Return the errors of the steps, and what the inner solver interpolates from."""
        recurrence, step = self._steps(mesh, y0)
        before = states_before(y0, states)
        error, details = jax.vmap(step.details)(before, recurrence.inputs)
        errors = jax.vmap(self.tolerance.error)(before, states, error)
        return errors, details

    def _left(self, mesh: Mesh, y0: PyTree, states: PyTree) -> Float[Array, " N"]:
        """Return what is left of the equations, in units of what may be."""
        recurrence, step = self._steps(mesh, y0)
        before = states_before(y0, states)
        after = jax.vmap(step)(before, recurrence.inputs)
        residual = jax.tree.map(lambda a, b: a - b, after, states)
        return jax.vmap(self.tolerance.times(_LEFT).error)(before, states, residual)

    def _in_parallel(
        self, t0: Any, t1: Any, y0: PyTree, history: History, menu: WindowMenu
    ) -> tuple[Found, Int[Array, ""]]:
        """Divide the steps of a coarse pass, and solve, until all are within the tolerance."""
        coarse = adaptive_pass(
            self.inner,
            self.terms,
            self.args,
            t0,
            t1,
            y0,
            self.tolerance.times(self.coarseness),
            self.slots,
        )
        found = self._start(t0, y0, history)
        errors, _ = self._details(coarse.mesh, y0, coarse.states)
        found = found._replace(mesh=coarse.mesh, states=coarse.states, errors=errors)

        def going(found: Found) -> Bool[Array, ""]:
            last = (found.rounds == 0) | (found.known >= found.mesh.count) & jnp.any(found.poor)
            return last & (found.rounds < _MOST_ROUNDS)

        found = jax.lax.while_loop(going, lambda found: self._refined(found, y0, menu), found)
        return found, coarse.attempts

    def _refined(self, found: Found, y0: PyTree, menu: WindowMenu) -> Found:
        """Divide the steps that are not fine enough, and solve."""
        _, details = self._details(found.mesh, y0, found.states)
        mesh, parent = found.mesh.divided(self._parts(found))

        def at(step: Array, t: Array) -> PyTree:
            detail = jax.tree.map(lambda leaf: leaf[step], details)
            start, end = found.mesh.nodes[step], found.mesh.nodes[step + 1]
            end = jnp.where(start < end, end, start + 1)
            return self.inner.interpolation_cls(t0=start, t1=end, **detail).evaluate(t)

        guess = jax.vmap(at)(parent, mesh.nodes[1:])
        walk = self._walk(mesh, y0, guess, found.history, menu)
        flattening = Flattening(y0)
        states = jax.vmap(flattening.unflatten)(walk.states[: self.slots])
        errors, _ = self._details(mesh, y0, states)
        return Found(
            mesh=mesh,
            states=states,
            errors=errors,
            left=self._left(mesh, y0, states),
            known=jnp.minimum(walk.history.position, mesh.count),
            rounds=found.rounds + 1,
            iterations=found.iterations + walk.history.iterations,
            update=walk.update,
            history=walk.history,
        )

    def _parts(self, found: Found) -> Int[Array, " N"]:
        """Return into how many each step is divided: as its error and those beside it ask for."""
        errors = jnp.where(found.mesh.made, found.errors, 0)
        zero = jnp.zeros_like(errors[:1])
        beside = jnp.maximum(
            jnp.concatenate([zero, errors[:-1]]), jnp.concatenate([errors[1:], zero])
        )
        errors = jnp.maximum(errors, beside)
        parts = jnp.ceil(_SAFETY * errors ** (1 / self._order))
        parts = jnp.where(errors < 1, 1, jnp.minimum(parts, self.slots + 1))
        return parts.astype(jnp.int32)

    @property
    def _order(self) -> float:
        order = self.inner.error_order(self.terms)
        if order is None:
            raise ConfigError(
                f"the order of {type(self.inner).__name__}'s error estimate is not known: use "
                "another inner solver, such as diffrax.Tsit5()"
            )
        return float(order)

    def _walk(
        self, mesh: Mesh, y0: PyTree, guess: PyTree, history: History, menu: WindowMenu
    ) -> Walk:
        """Solve on a mesh, as long as the decision is for parallel."""
        flattening = Flattening(y0)
        vector = flattening.flatten(y0)
        recurrence, _ = self._steps(mesh, y0, guess)
        steps = steps_on_vectors(recurrence, flattening, vector)
        decision = self.solver.decision
        walker = Walker.through(steps, vector.size, decision, menu, self.solver.newton)

        def going(carry: tuple[Walk, Array]) -> Bool[Array, ""]:
            walk, parallel = carry
            unfinished = walk.history.position < mesh.count
            return parallel & walker.going(walk) & walk.advancing & unfinished

        def onwards(carry: tuple[Walk, Array]) -> tuple[Walk, Array]:
            walk, _ = carry
            choice = decision.choose(walk.history, menu)
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
        start = Walk.start(vector, history, menu)
        return jax.lax.while_loop(going, onwards, (start, jnp.array(True)))[0]

    def _finished(self, found: Found, t1: Any, y0: PyTree) -> tuple[Found, Int[Array, ""]]:
        """Keep what is known and within the tolerance, and integrate the rest adaptively."""
        good = found.good
        mesh = found.mesh.first(good)

        def more() -> tuple[Mesh, PyTree, Array]:
            y = jax.tree.map(
                lambda first, leaf: jnp.where(good > 0, leaf[jnp.maximum(good - 1, 0)], first),
                y0,
                found.states,
            )
            rest = adaptive_pass(
                self.inner, self.terms, self.args, mesh.end, t1, y, self.tolerance, self.slots
            )
            joined, place = mesh.followed_by(rest.mesh)

            def one(leaf: Array, later: Array) -> Array:
                first = (place < 0).reshape(-1, *(1,) * (leaf.ndim - 1))
                return jnp.where(first, leaf, later[jnp.maximum(place, 0)])

            return joined, jax.tree.map(one, found.states, rest.states), rest.attempts

        none = jnp.zeros((), jnp.int32)
        unfinished = any_member(mesh.end < t1)
        mesh, states, attempts = jax.lax.cond(
            unfinished, more, lambda: (found.mesh, found.states, none)
        )
        place = jnp.minimum(jnp.arange(self.slots, dtype=jnp.int32), mesh.count - 1)
        states = jax.tree.map(lambda leaf: leaf[jnp.maximum(place, 0)], states)
        errors, _ = self._details(mesh, y0, states)
        return found._replace(mesh=mesh, states=states, errors=errors, known=good), attempts


def states_before(y0: PyTree, states: PyTree) -> PyTree:
    """Return the states before every step."""
    return jax.tree.map(
        lambda first, later: jnp.concatenate([jnp.asarray(first)[None], later[:-1]]), y0, states
    )
