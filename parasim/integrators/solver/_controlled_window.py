"""A window whose steps follow from a tolerance: in parallel where that works, or adaptively.

What a search in parallel leaves, because it does not converge, or not within the tolerance, is
integrated one step after the other by diffrax's own `PIDController`.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from parasim.integrators.decision import _decision as decision
from parasim.integrators.decision._decision import Choice
from parasim.integrators.decision._history import History
from parasim.integrators.method._method import Method
from parasim.integrators.method._multiples import Zero
from parasim.integrators.newton._batch import all_members, any_member
from parasim.integrators.newton._compiler import FEW_VARIABLES
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._implicit import with_derivatives
from parasim.integrators.solver._mesh_search import Found, MeshSearch
from parasim.integrators.steps._adaptive import adaptive_pass
from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._mesh_steps import MeshSteps
from parasim.integrators.steps._tolerance import Tolerance
from parasim.integrators.window._claim import as_claimed
from parasim.integrators.window._delivered import Delivered
from parasim.integrators.window._mesh_record import MeshRecord
from parasim.integrators.window._record import WindowRecord
from parasim.integrators.window._recurrence import constant, shooting_intervals
from parasim.integrators.window._window import WindowSolver


class SolvedWindow(NamedTuple):
    """A window that is known.

    Attributes:
        y1: its last state.
        mesh: its steps, which end before the window if there were not slots enough.
        details: of the steps, which the inner solver interpolates from.
        record: what was done.
        mesh_record: how the steps were found.
        history: for the next window.
    """

    y1: PyTree
    mesh: Mesh
    details: PyTree
    record: WindowRecord
    mesh_record: MeshRecord
    history: History


class ControlledWindow(eqx.Module):
    """A window to be solved, whose steps shall be within a tolerance.

    Attributes:
        solver: of windows.
        steps: the inner solver's.
        tolerance: of every step.
        coarseness: how many times as loose that of the coarse steps is.
        order: of the error estimates.
        slots: N, the most steps that there may be.
    """

    solver: WindowSolver
    steps: MeshSteps
    tolerance: Tolerance
    coarseness: float | Float[Array, ""]
    order: float
    slots: int

    def solve(self, t0: Any, t1: Any, history: History) -> SolvedWindow:
        """Solve the window from t0 to t1.

        Derivatives are those of the states on the mesh, whose nodes are fixed parts of the window.
        """
        # What vector fields close over must be seen, for derivatives to be stopped there too.
        search = eqx.filter_closure_convert(
            lambda t0, t1, history: self._found(t0, t1, history), t0, t1, history
        )
        mesh, states, delivered, choice, mesh_record = constant(
            constant(search)(*constant((t0, t1, history)))
        )
        mesh = _moving_with_the_window(mesh, t0, t1)
        flattening = Flattening(self.steps.y0)
        vector, method = flattening.flatten(self.steps.y0), self.solver.newton.method
        recurrence = self.steps.recurrence(mesh, method)
        intervals = shooting_intervals(recurrence, flattening, vector, method)
        vectors = jax.vmap(flattening.flatten)(states)
        method = self._method_of_derivatives(vector.size)
        last, vectors = as_claimed(
            method.structure, constant(intervals), constant(vector), vectors[-1], vectors
        )
        last, vectors = with_derivatives(intervals, vector, last, vectors, method)
        y1, states = flattening.unflatten(last), jax.vmap(flattening.unflatten)(vectors)
        menu = self.solver.menu(self.slots, t1 - t0)
        _, _, record, history = self.solver.recorded(delivered, choice, history, menu)
        details = self.steps.details(mesh, states)
        errors = jnp.where(mesh.made, self.steps.errors(states, details, self.tolerance), 0)
        mesh_record = mesh_record._replace(error=constant(jnp.max(errors)))
        return SolvedWindow(y1, mesh, details[1], record, mesh_record, history)

    def _method_of_derivatives(self, size: int) -> Method:
        """Return that of the windows, if it makes Jacobians anyway, or they are small."""
        menu = self.solver.menu(self.slots, jnp.ones(()))
        if self.solver.why_never(menu) is None:
            return self.solver.newton.method
        return Method() if size <= FEW_VARIABLES else Method(structure=Zero())

    def _found(
        self, t0: Any, t1: Any, history: History
    ) -> tuple[Mesh, PyTree, Delivered, Choice, MeshRecord]:
        """Find the steps and the states after each, and say what was done for that."""
        menu = self.solver.menu(self.slots, t1 - t0)
        none = jnp.zeros((), jnp.int32)
        nothing = Found.nothing(t0, self.steps.y0, self.slots, history)
        recurrence = self.steps.recurrence(nothing.mesh, self.solver.newton.method)
        never = self.solver.why_stepped(recurrence, self.steps.y0)
        if never is not None:
            choice = Choice.to_step(history, never)
            found, coarse = nothing, none
        else:
            choice = self.solver.decision.choose(history, menu)
            parallel = all_members(choice.parallel)
            reason = jnp.where(choice.parallel & ~parallel, decision.BATCH, choice.reason)
            choice = choice._replace(reason=reason)
            search = MeshSearch(
                *(self.solver, self.steps, self.tolerance, self.coarseness, self.order, menu)
            )
            found, coarse = jax.lax.cond(
                parallel, lambda: search(t0, t1, history), lambda: (nothing, none)
            )
        mesh, states, attempts = self._finished(found, t1)
        whole = (attempts == 0) & (found.known > 0)
        growth = found.history.log_growth / (t1 - t0).astype(history.tangent.dtype)
        ended = found.history._replace(iterations=found.iterations)
        delivered = Delivered(
            y1=jax.tree.map(lambda leaf: leaf[-1], states),
            states=states,
            parallel_steps=jnp.where(whole, self.slots, found.known),
            iterations=found.iterations,
            update=found.update,
            growth=jnp.where(whole, growth, jnp.nan),
            history=ended.after_steps(attempts, menu),
        )
        record = MeshRecord.none(history.tangent.dtype)._replace(
            coarse_attempts=coarse, rounds=found.rounds, inner_steps=mesh.steps, attempts=attempts
        )
        return mesh, states, delivered, choice, record

    def _finished(self, found: Found, t1: Any) -> tuple[Mesh, PyTree, Int[Array, ""]]:
        """Keep what is known, and integrate the rest adaptively.

        Returns:
            The steps; the states after each; and how many were tried one after the other.
        """
        steps, known = self.steps, found.known
        mesh = found.mesh.first(known)

        def more() -> tuple[Mesh, PyTree, Array]:
            last = jnp.maximum(known - 1, 0)
            y = jax.tree.map(
                lambda first, leaf: jnp.where(known > 0, leaf[last], first), steps.y0, found.states
            )
            rest = adaptive_pass(
                *(steps.solver, steps.terms, steps.args, mesh.end, t1, y),
                self.tolerance,
                self.slots,
            )
            joined, place = mesh.followed_by(rest.mesh)

            def one(leaf: Array, later: Array) -> Array:
                first = (place < 0).reshape(-1, *(1,) * (leaf.ndim - 1))
                return jnp.where(first, leaf, later[jnp.maximum(place, 0)])

            return joined, jax.tree.map(one, found.states, rest.states), rest.attempts

        mesh, states, attempts = jax.lax.cond(
            any_member(mesh.end < t1), more, lambda: (mesh, found.states, jnp.zeros((), jnp.int32))
        )
        place = jnp.minimum(jnp.arange(self.slots, dtype=jnp.int32), mesh.steps - 1)
        states = jax.tree.map(lambda leaf: leaf[jnp.maximum(place, 0)], states)
        return mesh, states, attempts


def _moving_with_the_window(mesh: Mesh, t0: Any, t1: Any) -> Mesh:
    """Return the same, with derivatives as if all nodes were fixed parts of the window."""
    length = jnp.where(t1 > t0, t1 - t0, 1)
    parts = jax.lax.stop_gradient((mesh.nodes - t0) / length)
    start, end = t0 - jax.lax.stop_gradient(t0), t1 - jax.lax.stop_gradient(t1)  # zero
    return mesh._replace(nodes=mesh.nodes + (1 - parts) * start + parts * end)
