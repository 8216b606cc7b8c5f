"""The stage equations of diagonally implicit Runge-Kutta methods, linearised.

In diffrax each step solves its stages to convergence. Here they are unknowns of the same Newton
iteration as the states (`newton/_stages.py`), which needs one evaluation of the vector field and of
its Jacobian per stage, and one linear solve.
"""

from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
from jaxtyping import Array, Float, PyTree

from parasim.integrators.method._structure import product
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._stages import StageEquations, StageMap
from parasim.integrators.steps._diffrax_private import unwrapped
from parasim.integrators.steps._nodes import Slot

# The matrices of all stages of a window take no more memory, in bytes.
_MOST_MEMORY = 2**30


class Coefficients(NamedTuple):
    """A diagonally implicit Runge-Kutta method.

    Attributes:
        rows: `a_ij` of every stage, j from 0 to i.
        places: `c_i`.
        weights: `b_i`.
    """

    rows: tuple[tuple[float, ...], ...]
    places: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def first(self) -> int:
        """How many stages are the state before the step: 1 if the first is explicit, else 0."""
        return int(self.rows[0][0] == 0)

    @property
    def stiffly_accurate(self) -> bool:
        """Whether the last stage is the state after the step."""
        return self.rows[-1] == self.weights

    @property
    def unknowns(self) -> tuple[tuple[tuple[float, ...], float], ...]:
        """The weights of the slopes in each unknown, and where in the step it is."""
        stages = tuple(zip(self.rows, self.places, strict=True))[self.first :]
        return stages if self.stiffly_accurate else (*stages, (self.weights, 1.0))


def coefficients(solver: Any) -> Coefficients | None:
    """Return those of a solver whose step is a diagonally implicit Runge-Kutta step, else None."""
    if isinstance(solver, diffrax.ImplicitEuler):
        # It has no tableau.
        ordinary = type(solver).step is diffrax.ImplicitEuler.step
        return Coefficients(((1.0,),), (1.0,), (1.0,)) if ordinary else None
    # A subclass may have a step of its own.
    ordinary = type(solver).step is diffrax.AbstractRungeKutta.step
    tableau = getattr(solver, "tableau", None)
    if not (ordinary and isinstance(tableau, diffrax.ButcherTableau)):
        return None
    if tableau.a_diagonal is None:
        return None
    lower = [(), *tableau.a_lower]
    return Coefficients(
        tuple(
            (*map(float, row), float(diagonal))
            for row, diagonal in zip(lower, tableau.a_diagonal, strict=True)
        ),
        (float(tableau.c1), *map(float, tableau.c)),
        tuple(map(float, tableau.b_sol)),
    )


def stage_counts(solver: Any) -> tuple[int, int]:
    """Return how many stages a step has, and how many windows solve for beside the states.

    A solver without a tableau is taken for one of a single stage.
    """
    tableau = getattr(solver, "tableau", None)
    tableaus = getattr(tableau, "tableaus", (tableau,))
    method = coefficients(solver)
    return (
        sum(getattr(each, "num_stages", 1) for each in tableaus),
        0 if method is None else len(method.unknowns),
    )


class ImplicitStages(eqx.Module):
    """One Newton iteration on the stages of a step, as a function of the state before it.

    With `Y_i = y + dt sum_j a_ij f(t + c_j dt, Y_j)` the changes of the stages solve

        (I - a_ii dt f'(Y_i)) dY_i = dy + r_i + sum_{j<i} a_ij dt f'(Y_j) dY_j

    where `r_i` is what is missing in the equation of `Y_i`. So the vector field is evaluated at
    stages only, which stay close to the solution where states of an iteration do not.

    Attributes:
        method: its coefficients.
        field: the vector field on vectors, `(t, y) -> dy/dt`.
        dt: the step size in time.
        signed_dt: what the field is multiplied with.
        somewhere: a state from which slots that do not move can be stepped.

    Source: Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.8.
    """

    method: Coefficients = eqx.field(static=True)
    field: Any
    dt: Array
    signed_dt: Float[Array, ""]
    somewhere: Float[Array, " d"]

    def __call__(self, y: Float[Array, " d"], stages: Float[Array, "K d"], slot: Slot) -> StageMap:
        """Return how the stages change with y; NaN where the equations are singular."""
        moving = jnp.array(True) if slot.moving is None else slot.moving
        before, unit = y, jnp.eye(y.size, dtype=y.dtype)
        standing = StageMap(jnp.broadcast_to(unit, (*stages.shape, y.size)), before[None] - stages)
        y, stages = jnp.where(moving, y, self.somewhere), jnp.where(moving, stages, self.somewhere)
        made = self._made(y, stages, slot.start)
        return jax.tree.map(lambda new, old: jnp.where(moving, new, old), made, standing)

    def _made(self, y: Float[Array, " d"], stages: Float[Array, "K d"], t: Any) -> StageMap:
        first, unit = self.method.first, jnp.eye(y.size + 1, dtype=y.dtype)[:-1]
        points = jnp.concatenate([y[None], stages]) if first else stages
        points = points[: len(self.method.rows)]
        slopes, jacobians = self._linearised(t, points)
        # Columns of matrices, and beside them what does not depend on dy.
        maps, carried = [], [product(jacobians[0], unit)] if first else []
        for number, (row, _) in enumerate(self.method.unknowns):
            missing = y - stages[number]
            for weight, slope in zip(row, slopes, strict=False):
                missing = missing + weight * slope
            columns = unit.at[:, -1].set(missing)
            for weight, term in zip(row, carried, strict=False):
                columns = columns + weight * term
            place = number + first
            if place < len(self.method.rows):
                columns = _solved(row[-1], jacobians[place], columns)
                carried.append(product(jacobians[place], columns))
            maps.append(columns)
        stacked = jnp.stack(maps)
        return StageMap(stacked[..., :-1], stacked[..., -1])

    def _linearised(self, t: Any, points: Float[Array, "S d"]) -> tuple[Array, Array]:
        """Return `dt f` and `dt f'` of all stages."""
        times = t + jnp.asarray(self.method.places, jnp.result_type(self.dt)) * self.dt

        def field(y: Array, t: Array) -> tuple[Array, Array]:
            slope = self.signed_dt * self.field(t, y)
            return slope, slope

        jacobians, slopes = jax.vmap(jax.jacfwd(field, has_aux=True))(points, times)
        return slopes, jacobians


def completed_details(details: dict[str, PyTree], before: PyTree, after: PyTree) -> dict:
    """Let steps that the solver could not make by itself be straight lines in dense output.

    Arguments:
        details: what diffrax interpolates a step from, for all steps; NaN where it failed.
        before, after: the states, found by Newton's method.
    """
    straight: dict[str, PyTree] = {"y0": before, "y1": after}
    if "k" in details:
        straight["k"] = jax.tree.map(
            lambda a, b, k: jnp.broadcast_to(jnp.expand_dims(b - a, 1), k.shape),
            before,
            after,
            details["k"],
        )
    return jax.tree.map(lambda own, line: jnp.where(jnp.isnan(own), line, own), details, straight)


def _solved(weight: float, jacobian: Float[Array, "d d"], columns: Array) -> Array:
    if weight == 0:
        return columns
    matrix = jnp.eye(jacobian.shape[0], dtype=jacobian.dtype) - weight * jacobian
    return jnp.linalg.solve(matrix, columns)


def stage_equations(
    solver: diffrax.AbstractSolver, terms: PyTree, args: PyTree, dt: Any, y: PyTree, steps: int
) -> StageEquations | None:
    """Return the stage equations of an implicit solver's step, or None if it keeps its own way.

    It does if it is no diagonally implicit Runge-Kutta method on an `ODETerm`; if its root finder
    has a linear solver that forms no matrices; or if those of a window would take over 1 GiB.

    Arguments:
        solver: any one-step solver.
        terms, args: as diffrax hands them to a solver.
        dt: the step size, positive.
        y: a state on the way.
        steps: of a window.
    """
    method = coefficients(solver)
    if method is None or not isinstance(unwrapped(terms), diffrax.ODETerm):
        return None
    linear_solver = getattr(solver.root_finder, "linear_solver", None)  # pyright: ignore[reportAttributeAccessIssue]
    if not isinstance(linear_solver, lineax.AutoLinearSolver | lineax.LU):
        return None
    flattening = Flattening(y)
    size, unknowns = flattening.size, method.unknowns
    numbers = steps * (len(unknowns) + len(method.rows)) * size * (size + 1)
    if numbers * flattening.dtype.itemsize > _MOST_MEMORY:
        return None

    def field(t: Any, vector: Array) -> Array:
        return flattening.flatten(terms.vf(t, flattening.unflatten(vector), args))

    vector = jax.lax.stop_gradient(flattening.flatten(y))
    somewhere = jnp.where(jnp.isfinite(vector), vector, 0)
    signed_dt = jnp.asarray(terms.contr(jnp.zeros_like(dt), dt), flattening.dtype)
    stages = ImplicitStages(method, field, jnp.asarray(dt), signed_dt, somewhere)
    return StageEquations(stages, tuple(place for _, place in unknowns))
