"""The inner solver's steps over a mesh: their maps, their errors, and their interpolation."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from parasim.integrators.method._method import Method
from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._nodes import Slot
from parasim.integrators.steps._sized_step import SizedStep
from parasim.integrators.steps._steps import StandingStep, step_slots
from parasim.integrators.steps._tolerance import Tolerance
from parasim.integrators.window._recurrence import Recurrence

# Dividing a step into n parts is expected to make an error estimate of order p smaller by
# (n / _SAFETY)^p.
_SAFETY = 1.2


class MeshSteps(eqx.Module):
    """The inner solver's steps over meshes that begin with one state.

    Attributes:
        solver: the inner solver.
        terms, args: as diffrax hands them to a solver.
        y0: the state at which all meshes begin.
    """

    solver: diffrax.AbstractSolver
    terms: PyTree
    args: PyTree
    y0: PyTree

    @property
    def step(self) -> StandingStep:
        """The step map; a state stands still in slots that are no steps."""
        return StandingStep(SizedStep(self.solver, self.terms, self.args, self.y0), self.y0)

    def recurrence(self, mesh: Mesh, method: Method, guess: PyTree = None) -> Recurrence:
        """Return the steps as a recurrence, with coarse steps over the method's intervals.

        Arguments:
            mesh: the steps.
            method: how they are solved.
            guess: of the states after each; a method that is given one by its user takes that.
        """
        step, interval = self.step, method.interval
        starts = mesh.nodes[:-1:interval]
        ends = jnp.concatenate([starts[1:], mesh.nodes[-1:]])
        coarse = step_slots(
            self.solver, self.terms, (starts, ends), mesh.made[::interval], sized=True
        )
        if callable(method.guess):
            guess = method.guessed(mesh.nodes[1:], self.y0)
        return Recurrence(
            step=step,
            inputs=self.slots(mesh),
            duration=mesh.nodes[-1] - mesh.nodes[0],
            coarse_step=step,
            coarse_inputs=coarse,
            guess=guess,
            moving=mesh.steps,
        )

    def slots(self, mesh: Mesh) -> Slot:
        """Return what the steps are made from."""
        times = mesh.nodes[:-1], mesh.nodes[1:]
        return step_slots(self.solver, self.terms, times, mesh.made, sized=True)

    def details(self, mesh: Mesh, states: PyTree) -> tuple[PyTree, dict[str, PyTree]]:
        """Return the error estimates of the steps, and what diffrax interpolates from."""
        return jax.vmap(self.step.details)(states_before(self.y0, states), self.slots(mesh))

    def errors(
        self, states: PyTree, details: tuple[PyTree, dict[str, PyTree]], tolerance: Tolerance
    ) -> Float[Array, " N"]:
        """Return the error estimates of the steps, in units of the tolerance."""
        return jax.vmap(tolerance.error)(states_before(self.y0, states), states, details[0])

    def residuals(
        self,
        mesh: Mesh,
        states: PyTree,
        details: tuple[PyTree, dict[str, PyTree]],
        tolerance: Tolerance,
    ) -> Float[Array, " N"]:
        """Return by how much states differ from the step before, in units of the tolerance."""
        before = states_before(self.y0, states)
        after = details[1].get("y1")  # as all of diffrax's own solvers have it
        after = jax.vmap(self.step)(before, self.slots(mesh)) if after is None else after
        residual = jax.tree.map(lambda a, b: a - b, after, states)
        return jax.vmap(tolerance.error)(before, states, residual)

    def interpolated(
        self,
        mesh: Mesh,
        details: tuple[PyTree, dict[str, PyTree]],
        finer: Mesh,
        parent: Int[Array, " N"],
    ) -> PyTree:
        """Return the states after the steps of a finer mesh, by the inner solver's interpolation.

        Arguments:
            mesh: the steps.
            details: of them.
            finer: parts of them.
            parent: which step each is a part of.
        """

        def at(step: Array, t: Array) -> PyTree:
            start, end = mesh.nodes[step], mesh.nodes[step + 1]
            detail = jax.tree.map(lambda leaf: leaf[step], details[1])
            end = jnp.where(start < end, end, start + 1)  # a slot that is no step
            return self.solver.interpolation_cls(t0=start, t1=end, **detail).evaluate(t)

        return jax.vmap(at)(parent, finer.nodes[1:])


def parts_needed(errors: Float[Array, " N"], order: float) -> Int[Array, " N"]:
    """Return into how many parts steps must be divided to be within the tolerance.

    Arguments:
        errors: the error estimates of the steps, in units of the tolerance; next to a step that is
            not good enough, an estimate is not believed to be smaller than that one's.
        order: of the error estimates.
    """
    none = jnp.zeros_like(errors[:1])
    before, after = jnp.concatenate([none, errors[:-1]]), jnp.concatenate([errors[1:], none])
    errors = jnp.maximum(errors, jnp.maximum(before, after))
    parts = jnp.ceil(_SAFETY * errors ** (1 / order))
    most = jnp.iinfo(jnp.int32).max // 2
    return jnp.where(errors < 1, 1, jnp.where(parts < most, parts, most)).astype(jnp.int32)


def states_before(y0: PyTree, states: PyTree) -> PyTree:
    """Return the states before every step, given those after."""
    return jax.tree.map(
        lambda first, later: jnp.concatenate([jnp.asarray(first)[None], later[:-1]]), y0, states
    )
