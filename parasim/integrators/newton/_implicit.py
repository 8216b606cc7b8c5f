"""Derivatives of a window that Newton's method has solved, by the implicit function theorem.

The ends of the shooting intervals satisfy `e_m = Phi_m(e_{m-1}, p)`, whatever computed them. So
their tangents satisfy the affine recurrence

    de_m = J_m de_{m-1} + (dPhi_m/dp) dp,     J_m = dPhi_m/de_{m-1}

which one parallel scan solves, and its transpose, with transposed Jacobians from the last interval
to the first, gives gradients. Newton's iterations are never differentiated.

Source: Lim et al., arXiv 2309.12252, section 3.2; Christianson, Optim. Methods Softw. 3 (1994).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim.integrators.method._linear_solver import AbstractLinearSolver
from parasim.integrators.method._method import Method
from parasim.integrators.method._structure import AbstractInvertible, Matrix
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._tangent_rule import with_tangent_rule


def with_derivatives(
    intervals: Intervals,
    y0: Float[Array, " d"],
    last: Float[Array, " d"],
    states: Float[Array, "N d"],
    method: Method,
) -> tuple[Float[Array, " d"], Float[Array, "N d"]]:
    """Return the states as they are, with the derivatives that they have as a solution.

    They are exact whatever the method keeps of the Jacobians: where that is not all, tangents are
    carried through one interval after the other.

    Arguments:
        intervals: the maps `Phi_m`; derivatives are those with respect to its leaves.
        y0: the window's first state, and with respect to this.
        last: the state after the last step; alone it costs no memory for the others.
        states: after each step; derivatives do not flow through them, nor through `last`.
        method: how the tangents' recurrence is solved.
    """
    structure, solver = method.structure, method.solver

    def tangents(problem: Any, known: Any, given: Any) -> tuple[Array, Array]:
        if not (structure.exact and isinstance(structure, AbstractInvertible)):
            return _carried_tangents(problem, known, given)
        return _solved_tangents(structure, solver, problem, known, given)

    return with_tangent_rule(tangents, (intervals, y0), (last, states))


def _solved_tangents(
    structure: AbstractInvertible,
    solver: AbstractLinearSolver,
    problem: tuple[Intervals, Array],
    known: tuple[Array, Array],
    given: tuple[Any, Any],
) -> tuple[Array, Array]:
    """Find the tangents of all intervals at once."""
    _, states = known
    ends = problem[0].last_of_each(states)

    def mapped(problem: tuple[Intervals, Array], ends: Array) -> Array:
        intervals, y0 = problem
        return intervals.states(intervals.starts(y0, ends))

    offsets = eqx.filter_jvp(lambda problem: mapped(problem, ends), (problem,), (given,))[1]
    intervals, y0 = problem
    jacobians = structure.linearised(intervals.linearised(intervals.starts(y0, ends)))[1]
    end_offsets = intervals.last_of_each(offsets)
    end_tangents = _affine_solution(structure, solver, jacobians, end_offsets)
    carried = jax.jvp(lambda ends: mapped(problem, ends), (ends,), (end_tangents,))[1]
    return offsets[-1] + carried[-1], offsets + carried


def _affine_solution(
    structure: AbstractInvertible,
    solver: AbstractLinearSolver,
    jacobians: Matrix,
    offsets: Float[Array, "M d"],
) -> Float[Array, "M d"]:
    """Solve `z_m = J_m z_{m-1} + b_m` with `z_{-1} = 0`; differentiable, and transposable."""

    def residual(z: Array) -> Array:
        later = jax.tree.map(lambda leaf: leaf[1:], jacobians)
        carried = structure.apply(later, z[:-1, :, None])[..., 0]
        return z - jnp.concatenate([jnp.zeros_like(z[:1]), carried])

    def solve(_: Any, b: Array) -> Array:
        return solver.solve(structure, jacobians, b[..., None]).columns[..., 0]

    def transpose_solve(_: Any, b: Array) -> Array:
        # w_m = J_{m+1}^T w_{m+1} + b_m
        later = jax.tree.map(
            lambda leaf: jnp.concatenate([jnp.zeros_like(leaf[:1]), jnp.flip(leaf[1:], axis=0)]),
            jacobians,
        )
        backwards = structure.transposed(later), jnp.flip(b, axis=0)[..., None]
        return jnp.flip(solver.solve(structure, *backwards).columns[..., 0], axis=0)

    return jax.lax.custom_linear_solve(residual, offsets, solve, transpose_solve)


def _carried_tangents(
    problem: tuple[Intervals, Array], known: tuple[Array, Array], given: tuple[Any, Any]
) -> tuple[Array, Array]:
    """Carry tangents through one interval after the other."""
    del known

    def stepped(problem: tuple[Intervals, Array]) -> Array:
        intervals, y0 = problem
        return intervals.stepped(y0)

    tangents = eqx.filter_jvp(stepped, (problem,), (given,))[1]
    return tangents[-1], tangents
