"""A piecewise polynomial through data, made for being evaluated inside a time loop.

p(t) = sum_k coefficients[i, k] (t - times[i])^k   for times[i] <= t < times[i + 1]

diffrax's own paths find i by bisection in a `while_loop`, which inside a scan over time steps
is a loop in a loop: 50 ns per evaluation of 526 knots on a CPU. Here a table of uniform bins says
which few pieces are possible, and the rest is a fixed number of comparisons (1 for monthly data)
without a loop: 8 ns.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np


class Interpolant(eqx.Module):
    """A scalar function of time, linear or cubic between its knots; made by `interpolant`.

    Beyond its first and last knot it continues its first and last piece.

    Attributes:
        times: the knots, shape (knots,), increasing.
        coefficients: of ascending powers, shape (knots - 1, 2 or 4).
        table: for each of the uniform bins, the first piece that a time in it may belong to.
        bins_per_time: the reciprocal of a bin's width.
        depth: number of comparisons that single out the piece.
    """

    times: jax.Array
    coefficients: jax.Array
    table: jax.Array
    bins_per_time: jax.Array
    depth: int = eqx.field(static=True)

    def evaluate(self, t: Any) -> jax.Array:
        """Evaluate at the time t, a scalar."""
        piece = self._piece(t)
        elapsed = t - self.times[piece]
        coefficients = self.coefficients[piece]
        value = coefficients[-1]
        for power in range(coefficients.shape[0] - 2, -1, -1):
            value = value * elapsed + coefficients[power]
        return value

    def _piece(self, t: Any) -> jax.Array:
        """Return the index of the piece that t is in."""
        last = self.coefficients.shape[0] - 1
        # Clipped before it becomes an integer: far away it may not fit into one.
        position = jnp.clip((t - self.times[0]) * self.bins_per_time, 0, self.table.shape[0] - 1)
        piece = self.table[position.astype(self.table.dtype)]
        for step in (1 << bit for bit in range(self.depth - 1, -1, -1)):
            later = jnp.minimum(piece + step, last)
            piece = jnp.where(t >= self.times[later], later, piece)
        return piece


def interpolant(times: np.ndarray, values: np.ndarray, dtype: Any, *, cubic: bool) -> Interpolant:
    """Interpolate data by straight lines, or by a cubic spline with two continuous derivatives.

    Arguments:
        times: shape (knots,), strictly increasing when rounded to `dtype`; at least two.
        values: shape (knots,), finite.
        dtype: of the knots and of the result, float32 or float64.
        cubic: whether by a spline with not-a-knot ends.

    Returns:
        The function. Its polynomials belong to the rounded knots, so that it is continuous.
    """
    from scipy.interpolate import CubicSpline

    dtype = np.dtype(dtype)
    knots = np.asarray(times, dtype).astype(np.float64)
    if cubic:
        coefficients = CubicSpline(knots, values).c[::-1].T
    else:
        coefficients = np.stack([values[:-1], np.diff(values) / np.diff(knots)], axis=1)
    table, bins_per_time, depth = _bins(knots, np.finfo(dtype).eps)
    return Interpolant(
        times=jnp.asarray(knots, dtype),
        coefficients=jnp.asarray(coefficients, dtype),
        table=jnp.asarray(table, jnp.int32),
        bins_per_time=jnp.asarray(bins_per_time, dtype),
        depth=depth,
    )


def _bins(knots: np.ndarray, round_off: float) -> tuple[np.ndarray, float, int]:
    """Return the first possible piece of every bin, bins per time, and the comparisons left.

    As many bins as the narrowest piece asks for, but never more than four per knot: a record with
    one narrow piece takes another comparison instead of a long table.
    """
    span = knots[-1] - knots[0]
    count = int(np.ceil(min(span / np.diff(knots).min(), 4 * len(knots))))
    bins_per_time = count / span
    # A time within rounding of a bin's edge may be put on either side of it.
    margin = 8 * round_off * count + 1e-9
    edges = np.arange(count + 1)
    position = (knots - knots[0]) * bins_per_time
    last = len(knots) - 2
    first = np.clip(np.searchsorted(position, edges[:-1] - margin, side="right") - 1, 0, last)
    final = np.clip(np.searchsorted(position, edges[1:] + margin, side="right") - 1, 0, last)
    return first, bins_per_time, int((final - first).max()).bit_length()
