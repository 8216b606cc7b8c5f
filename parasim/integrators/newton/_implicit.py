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

from parasim.integrators.newton._affine_scan import affine_scan
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._tangent_rule import with_tangent_rule


def with_derivatives(
    intervals: Intervals,
    y0: Float[Array, " d"],
    last: Float[Array, " d"],
    states: Float[Array, "N d"],
) -> tuple[Float[Array, " d"], Float[Array, "N d"]]:
    """Return the states as they are, with the derivatives that they have as a solution.

    Arguments:
        intervals: the maps `Phi_m`; derivatives are those with respect to its leaves.
        y0: the window's first state, and with respect to this.
        last: the state after the last step; alone it costs no memory for the others.
        states: after each step; derivatives do not flow through them, nor through `last`.
    """
    return with_tangent_rule(_tangents, (intervals, y0), (last, states))


def _tangents(
    problem: tuple[Intervals, Array], known: tuple[Array, Array], given: tuple[Any, Any]
) -> tuple[Array, Array]:
    _, states = known
    ends = problem[0].last_of_each(states)

    def mapped(problem: tuple[Intervals, Array], ends: Array) -> Array:
        intervals, y0 = problem
        return intervals.states(intervals.starts(y0, ends))

    offsets = eqx.filter_jvp(lambda problem: mapped(problem, ends), (problem,), (given,))[1]
    intervals, y0 = problem
    jacobians = intervals.linearised(intervals.starts(y0, ends))[1]
    end_tangents = _affine_solution(jacobians, intervals.last_of_each(offsets))
    carried = jax.jvp(lambda ends: mapped(problem, ends), (ends,), (end_tangents,))[1]
    return offsets[-1] + carried[-1], offsets + carried


def _affine_solution(
    jacobians: Float[Array, "M d d"], offsets: Float[Array, "M d"]
) -> Float[Array, "M d"]:
    """Solve `z_m = J_m z_{m-1} + b_m` with `z_{-1} = 0`; differentiable, and transposable."""

    def residual(z: Array) -> Array:
        carried = jnp.einsum("mij,mj->mi", jacobians[1:], z[:-1], precision="highest")
        return z - jnp.concatenate([jnp.zeros_like(z[:1]), carried])

    def solve(_: Any, b: Array) -> Array:
        return affine_scan(jacobians, b[..., None])[0][..., 0]

    def transpose_solve(_: Any, b: Array) -> Array:
        # w_m = J_{m+1}^T w_{m+1} + b_m
        later = jnp.concatenate([jnp.zeros_like(jacobians[:1]), jnp.flip(jacobians[1:], axis=0)])
        backwards = affine_scan(jnp.swapaxes(later, -1, -2), jnp.flip(b, axis=0)[..., None])
        return jnp.flip(backwards[0][..., 0], axis=0)

    return jax.lax.custom_linear_solve(residual, offsets, solve, transpose_solve)
