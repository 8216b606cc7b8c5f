"""Newton's method on all steps of a window at once.

The unknowns are the states `s_1 ... s_M` at the ends of M shooting intervals of L steps each. With
`Phi_m` the map of an interval and `s_0` given, the equations are `s_{m+1} = Phi_m(s_m)`. Each
iteration maps all intervals in parallel, with exact tangents, and solves

    z_{m+1} = J_m z_m + (Phi_m(s_m) - s_{m+1}),   z_0 = 0,   J_m = dPhi_m/ds_m

for the update z by a parallel scan. Interval m depends on earlier ones only. So after k iterations
at least the first k are exact, and a converged prefix stays valid while the rest is guessed anew
from where it ends.

Sources: Lim et al., Parallelizing non-linear sequential models over the sequence length (DEER),
ICLR 2024, arXiv 2309.12252 (L = 1); Bellen & Zennaro, J. Comput. Appl. Math. 25 (1989), and Gander
& Vandewalle, SIAM J. Sci. Comput. 29 (2007), for the shooting form.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators._affine_scan import Propagator, affine_scan
from parasim.integrators._certificate import converged_prefix, rounding_errors, scaled_error
from parasim.integrators._intervals import Intervals

# Updates that fall below this part of what they were, within a cycle, are on their way.
_SHRUNK = 0.1

# So many times as large as the guess is no state to go on from: its powers overflow.
_ABSURD = 1e6

Guess = Callable[[Array, Array], Array]


class NewtonOptions(eqx.Module):
    """How the iteration runs and when it stops.

    Attributes:
        interval: L, the steps per shooting interval.
        rtol, atol: update and rounding errors below `atol + rtol * |state|` end the iteration.
        max_iterations: more are never made.
        restart_every: after so many iterations what has not converged is guessed anew, unless the
            updates are shrinking everywhere.
    """

    interval: int
    rtol: float
    atol: float
    max_iterations: int
    restart_every: int


class NewtonResult(NamedTuple):
    """What the iteration found.

    Attributes:
        ends: the states at the ends of the M intervals.
        converged: whether the certificate holds for all of them; if not, they are of no use.
        iterations: how many were made.
        update: the certificate: the largest last update, or transported rounding error if that is
            larger, in units of the tolerance.
        propagator: the Jacobian of the whole window.
    """

    ends: Float[Array, "M d"]
    converged: Bool[Array, ""]
    iterations: Int[Array, ""]
    update: Float[Array, ""]
    propagator: Propagator


class _Iterate(NamedTuple):
    ends: Float[Array, "M d"]
    scaled: Float[Array, " M"]
    prefix: Int[Array, ""]
    iterations: Int[Array, ""]
    shrinking: Bool[Array, ""]  # whether the updates did, over the last cycle, everywhere
    blocked: Bool[Array, ""]  # whether rounding errors are all that keeps the prefix short
    bound: Float[Array, ""]  # beyond which no state is gone on from
    propagator: Propagator


class _Solve(eqx.Module):
    """The iteration on one window."""

    intervals: Intervals
    y0: Float[Array, " d"]
    guess: Guess
    options: NewtonOptions

    def start(self) -> _Iterate:
        count, dtype = self.intervals.count, self.y0.dtype
        return _Iterate(
            ends=jnp.broadcast_to(self.y0, (count, self.y0.size)),
            scaled=jnp.full(count, jnp.inf, dtype),
            prefix=jnp.zeros((), jnp.int32),
            iterations=jnp.zeros((), jnp.int32),
            shrinking=jnp.array(False),
            blocked=jnp.array(False),
            bound=jnp.ones((), dtype),
            propagator=Propagator(jnp.eye(self.y0.size, dtype=dtype), jnp.zeros((), dtype)),
        )

    def iterate(self, it: _Iterate) -> _Iterate:
        """Make one iteration."""
        rtol, atol = self.options.rtol, self.options.atol
        mapped, jacobians = self.intervals.linearised(self.intervals.starts(self.y0, it.ends))
        offsets = jnp.stack([mapped - it.ends, rounding_errors(mapped)], axis=-1)
        solution, propagator = affine_scan(jacobians, offsets)
        update, rounding = solution[..., 0], solution[..., 1]
        ends = it.ends + update
        # What is not finite, or absurd, keeps its last value: the front will reach it.
        sound = jnp.all(jnp.abs(ends) <= it.bound, axis=-1, keepdims=True)
        by_update = scaled_error(jnp.where(sound, update, jnp.inf), ends, rtol, atol)
        scaled = jnp.maximum(by_update, scaled_error(rounding, ends, rtol, atol))
        front = converged_prefix(scaled)
        return it._replace(
            ends=jnp.where(sound, ends, it.ends),
            scaled=scaled,
            prefix=jnp.maximum(front, it.prefix),
            iterations=it.iterations + 1,
            blocked=converged_prefix(by_update) > front,
            propagator=propagator,
        )

    def cycle(self, it: _Iterate) -> _Iterate:
        """Guess what has not converged, unless it is on its way, and iterate for a while."""
        since = it.iterations
        until = jnp.minimum(since + self.options.restart_every, self.options.max_iterations)
        ends = jax.lax.cond(it.shrinking, _keep, self.guess, it.ends, it.prefix)
        absurd = min(_ABSURD, float(jnp.finfo(ends.dtype).max))
        it = it._replace(ends=ends, bound=absurd * (1 + jnp.max(jnp.abs(ends), initial=0)))

        def body(carry: tuple[_Iterate, Array]) -> tuple[_Iterate, Array]:
            it, first = carry
            later = self.iterate(it)
            return later, jnp.where(it.iterations == since, jnp.max(later.scaled), first)

        it, first = jax.lax.while_loop(
            lambda carry: self._running(carry[0], until), body, (it, jnp.max(it.scaled))
        )
        return it._replace(shrinking=jnp.max(it.scaled) < _SHRUNK * first)

    def unfinished(self, it: _Iterate) -> Bool[Array, ""]:
        """Whether to go on: not converged, and not without hope."""
        most, count = self.options.max_iterations, self.intervals.count
        # At its pace so far the front must be through in time.
        in_time = (it.iterations * count <= most * it.prefix) | (it.iterations == 0)
        return (in_time | it.shrinking) & self._running(it, most)

    def _running(self, it: _Iterate, until: Array | int) -> Bool[Array, ""]:
        return (it.prefix < self.intervals.count) & ~it.blocked & (it.iterations < until)


def _keep(ends: Array, prefix: Array) -> Array:
    del prefix
    return ends


def newton(
    intervals: Intervals, y0: Float[Array, " d"], guess: Guess, options: NewtonOptions
) -> NewtonResult:
    """Find the states at the ends of all intervals at once.

    Derivatives do not flow through the iteration: see `_implicit.py`.

    Arguments:
        intervals: the window.
        y0: its first state.
        guess: `(ends, prefix) -> ends`: given the states at the ends of the M intervals, of which
            the first `prefix` are converged, returns them with guesses for the others.
        options: when to stop.
    """
    solve = _Solve(intervals, y0, guess, options)
    it = jax.lax.while_loop(  # jax hashes its functions, and a method of an array cannot be
        lambda it: solve.unfinished(it), lambda it: solve.cycle(it), solve.start()
    )
    return NewtonResult(
        ends=it.ends,
        converged=it.prefix == intervals.count,
        iterations=it.iterations,
        update=jnp.max(it.scaled),
        propagator=it.propagator,
    )
