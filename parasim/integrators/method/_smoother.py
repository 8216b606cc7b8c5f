"""The regularised linear solve of a trust region, as a Kalman smoother in parallel.

The update `z` that minimises

    sum_m |z_{m+1} - A_m z_m - r_m|^2 + weight * sum_m |z_m|^2

is the mean of a chain `z_{m+1} = A_m z_m + r_m + noise` of which zeros were observed, with noise of
variance 1 and `1 / weight`. Filter and smoother are associative, so two parallel scans find it.

Source: Saerkkae & Garcia-Fernandez, Temporal parallelization of Bayesian smoothers, IEEE Trans.
Autom. Control 66 (2021).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim.integrators.method._linear_solver import AbstractLinearSolver
from parasim.integrators.method._structure import AbstractInvertible, Matrix


class _Filtering(NamedTuple):
    """What a stretch of the chain does to a Gaussian, and what it tells of where that began."""

    transition: Matrix
    mean: Float[Array, "M d 1"]
    covariance: Matrix
    information: Float[Array, "M d 1"]
    precision: Matrix


def smoothed(
    structure: AbstractInvertible,
    solver: AbstractLinearSolver,
    matrices: Matrix,
    residual: Float[Array, "M d"],
    weight: Float[Array, ""],
) -> Float[Array, "M d"]:
    """Return the update.

    Arguments:
        structure: of the matrices.
        solver: of the affine recurrence backwards.
        matrices: the `A_m`.
        residual: the `r_m`.
        weight: of the update itself.
    """
    elements = _elements(structure, matrices, residual[..., None], weight)
    filtered = jax.lax.associative_scan(partial(_combined, structure), elements)
    mean, covariance = filtered.mean, filtered.covariance
    # Of m given m + 1: z_m = E z_{m+1} + g, and nothing is known of what comes after the last.
    later, after = jax.tree.map(
        lambda leaf: jnp.concatenate([leaf[1:], jnp.zeros_like(leaf[:1])]),
        (matrices, residual[..., None]),
    )
    gain = structure.times(covariance, structure.transposed(later))
    spread = structure.times(later, gain)
    gain = structure.times(gain, structure.resolvent(spread))
    rest = mean - structure.apply(gain, structure.apply(later, mean) + after)
    backwards = jax.tree.map(lambda leaf: jnp.flip(leaf, axis=0), (gain, rest))
    return jnp.flip(solver.solve(structure, *backwards).columns[..., 0], axis=0)


def _elements(
    structure: AbstractInvertible,
    matrices: Matrix,
    residual: Float[Array, "M d 1"],
    weight: Float[Array, ""],
) -> _Filtering:
    """Return what each interval does by itself; the first one begins where all is known."""
    seen = weight / (1 + weight)  # the gain of an observation
    first = jnp.arange(residual.shape[0]) == 0
    count = jnp.ones(residual.shape[0], residual.dtype)
    transposed = structure.transposed(matrices)
    nothing = jnp.where(first, jnp.inf, count)  # what the first one is divided by
    return _Filtering(
        transition=structure.divided(matrices, nothing / (1 - seen)),
        mean=(1 - seen) * residual,
        covariance=structure.divided(structure.unit(matrices), count / (1 - seen)),
        information=jnp.where(
            first[:, None, None], 0, -seen * structure.apply(transposed, residual)
        ),
        precision=structure.divided(structure.times(transposed, matrices), nothing / seen),
    )


def _combined(structure: AbstractInvertible, first: _Filtering, second: _Filtering) -> _Filtering:
    """Put one stretch after another."""
    times, apply, transposed = structure.times, structure.apply, structure.transposed
    between = structure.resolvent(times(first.covariance, second.precision))
    onwards = times(second.transition, between)
    backwards = times(transposed(first.transition), transposed(between))
    mean = apply(onwards, first.mean + apply(first.covariance, second.information)) + second.mean
    spread = times(times(onwards, first.covariance), transposed(second.transition))
    told = apply(backwards, second.information - apply(second.precision, first.mean))
    precision = times(times(backwards, second.precision), first.transition)
    return _Filtering(
        transition=times(onwards, first.transition),
        mean=mean,
        covariance=spread + second.covariance,
        information=told + first.information,
        precision=precision + first.precision,
    )
