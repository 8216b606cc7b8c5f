"""Newton's method on all steps of a window at once.

The unknowns are the states `s_1 ... s_M` at the ends of M shooting intervals of L steps each. With
`Phi_m` the map of an interval and `s_0` given, the equations are `s_{m+1} = Phi_m(s_m)`. Each
iteration maps all intervals in parallel, with exact tangents, and solves

    z_{m+1} = J_m z_m + (Phi_m(s_m) - s_{m+1}),   z_0 = 0,   J_m = dPhi_m/ds_m

for the update z by a parallel scan. Interval m depends on earlier ones only. So after k iterations
at least the first k are exact, and a converged prefix stays valid whatever the others do.

Sources: Lim et al., Parallelizing non-linear sequential models over the sequence length (DEER),
ICLR 2024, arXiv 2309.12252 (L = 1); Bellen & Zennaro, J. Comput. Appl. Math. 25 (1989), and Gander
& Vandewalle, SIAM J. Sci. Comput. 29 (2007), for the shooting form.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.method._method import Method
from parasim.integrators.method._propagator import Propagator
from parasim.integrators.newton._certificate import (
    converged_prefix,
    rounding_errors,
    scaled_error,
    with_those_to_come,
)
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._stages import sound_stages

# Updates that fall below this part of what they were are on their way.
_SHRUNK = 0.1

# So many times as large as the guess is no state to go on from: its powers overflow.
_ABSURD = 1e6


class NewtonOptions(eqx.Module):
    """What an iteration is, and when a state counts as converged.

    Attributes:
        method: what is kept of the Jacobians, how updates are damped and found.
        rtol, atol: so is one whose update and rounding errors are below `atol + rtol * |state|`.
    """

    method: Method
    rtol: float | Float[Array, ""]
    atol: float | Float[Array, ""]

    @property
    def interval(self) -> int:
        """L, the steps per shooting interval."""
        return self.method.interval


class Planned(NamedTuple):
    """How many iterations to make.

    Attributes:
        iterations: so many, and more while the updates are shrinking everywhere,
        pace: or while the next one is expected to bring the prefix further than this.
    """

    iterations: Int[Array, ""]
    pace: Float[Array, ""]

    @classmethod
    def exactly(cls, iterations: int) -> "Planned":
        """Plan so many, and more only while the updates are shrinking everywhere."""
        return cls(jnp.array(iterations, jnp.int32), jnp.array(jnp.inf))


class NewtonResult(NamedTuple):
    """What the iteration found.

    Attributes:
        ends: the states at the ends of the M intervals.
        stages: of the steps in them, if these are solved for.
        prefix: how many of them have converged; the others are of no use.
        iterations: how many were made.
        fronts: the prefix after each iteration; the last one goes on.
        update: the certificate: the largest last update, or transported rounding error if that is
            larger, of the converged states, in units of the tolerance.
        propagator: the Jacobian of all intervals up to the prefix, if the structure is exact.
        blocked: whether rounding errors are what keeps the prefix short.
    """

    ends: Float[Array, "M d"]
    stages: Float[Array, "M L K d"] | None
    prefix: Int[Array, ""]
    iterations: Int[Array, ""]
    fronts: Int[Array, " most"]
    update: Float[Array, ""]
    propagator: Propagator
    blocked: Bool[Array, ""]


class _Iterate(NamedTuple):
    ends: Float[Array, "M d"]
    stages: Float[Array, "M L K d"] | None
    scaled: Float[Array, " M"]
    updates: Float[Array, " M"]  # in units of the tolerance
    exact: Int[Array, ""]  # so many have been reached by exact updates alone
    memory: PyTree  # of the damping
    prefix: Int[Array, ""]
    iterations: Int[Array, ""]
    fronts: Int[Array, " most"]
    shrinking: Bool[Array, ""]  # whether the last update did, everywhere
    gain: Float[Array, ""]  # by how much the last iteration brought the prefix further
    next: Float[Array, ""]  # by how much the next one is expected to
    blocked: Bool[Array, ""]
    propagator: Propagator


def newton(
    intervals: Intervals,
    y0: Float[Array, " d"],
    guess: Float[Array, "M d"],
    options: NewtonOptions,
    planned: Planned,
    most: int,
) -> NewtonResult:
    """Find the states at the ends of all intervals at once, or of the first of them.

    Derivatives do not flow through the iteration: see `_implicit.py`.

    Arguments:
        intervals: the window.
        y0: its first state.
        guess: of the states at the ends of the intervals.
        options: when a state has converged.
        planned: how many iterations to make.
        most: more are never made.
    """
    count, dtype = intervals.count, y0.dtype
    absurd = min(_ABSURD, float(jnp.finfo(dtype).max))
    bound = absurd * (1 + jnp.max(jnp.abs(guess), initial=0))

    pace = planned.pace.astype(dtype)

    def unfinished(it: _Iterate) -> Bool[Array, ""]:
        more = (it.iterations < planned.iterations) | it.shrinking | (it.next > pace)
        return (it.prefix < count) & ~it.blocked & more & (it.iterations < most)

    method = options.method
    stages = intervals.stages(y0, guess)
    matrices = jax.eval_shape(
        lambda: method.structure.linearised(
            intervals.linearised(intervals.starts(y0, guess), stages)
        )[1]
    )
    start = _Iterate(
        ends=guess,
        stages=stages,
        scaled=jnp.full(count, jnp.inf, dtype),
        updates=jnp.full(count, jnp.inf, dtype),
        exact=jnp.zeros((), jnp.int32),
        memory=method.damping.start(guess),
        prefix=jnp.zeros((), jnp.int32),
        iterations=jnp.zeros((), jnp.int32),
        fronts=jnp.zeros(most, jnp.int32),
        shrinking=jnp.array(False),
        gain=jnp.zeros((), dtype),
        next=jnp.zeros((), dtype),
        blocked=jnp.array(False),
        propagator=Propagator(
            jax.tree.map(lambda leaf: jnp.zeros(leaf.shape[1:], leaf.dtype), matrices),
            jnp.zeros((), dtype),
        ),
    )
    it = jax.lax.while_loop(
        unfinished, lambda it: _iterated(it, intervals, y0, bound, options), start
    )
    return NewtonResult(
        ends=it.ends,
        stages=it.stages,
        prefix=it.prefix,
        iterations=it.iterations,
        fronts=jnp.where(jnp.arange(most, dtype=jnp.int32) < it.iterations, it.fronts, it.prefix),
        update=jnp.max(
            jnp.where(jnp.arange(count, dtype=jnp.int32) < it.prefix, it.scaled, 0), initial=0
        ),
        propagator=it.propagator,
        blocked=it.blocked,
    )


def _iterated(
    it: _Iterate,
    intervals: Intervals,
    y0: Float[Array, " d"],
    bound: Float[Array, ""],
    options: NewtonOptions,
) -> _Iterate:
    """Make one iteration."""
    method = options.method
    structure, solver = method.structure, method.solver
    linearised = intervals.linearised(intervals.starts(y0, it.ends), it.stages)
    mapped, matrices = structure.linearised(linearised)
    residual = mapped - it.ends
    offsets = jnp.stack([residual, rounding_errors(mapped)], axis=-1)
    solution = solver.solve(structure, matrices, offsets)
    update, rounding = solution.columns[..., 0], solution.columns[..., 1]
    ends = it.ends + update
    # What is not finite, or absurd, keeps its last value: the front will reach it.
    sound = jnp.all(jnp.abs(ends) <= bound, axis=-1, keepdims=True)
    updates = scaled_error(jnp.where(sound, update, jnp.inf), ends, options.rtol, options.atol)
    last = intervals.count - 1
    exact = it.exact + sound[jnp.minimum(it.exact, last), 0].astype(jnp.int32)
    by_update = updates
    if not structure.exact:
        reached = jnp.arange(intervals.count, dtype=jnp.int32) < exact
        by_update = jnp.where(reached, 0, with_those_to_come(updates, it.updates))
    starts, stages = intervals.starts(y0, jnp.where(sound, ends, it.ends)), it.stages
    if linearised.moved is not None:
        stages, change = linearised.moved(starts - linearised.starts)
        flat = (intervals.count, -1)
        by_update = jnp.maximum(
            by_update,
            scaled_error(change.reshape(flat), stages.reshape(flat), options.rtol, options.atol),
        )
    by_rounding = scaled_error(rounding, ends, options.rtol, options.atol)
    scaled = jnp.maximum(by_update, by_rounding)
    front = converged_prefix(scaled)
    prefix = jnp.maximum(front, it.prefix)
    ends, memory = jnp.where(sound, ends, it.ends), it.memory
    damping = method.damping.update(structure, solver, matrices, residual, it.ends, it.memory)
    if damping is not None:
        damped, memory = damping
        damped = it.ends + damped
        sound = jnp.all(jnp.abs(damped) <= bound, axis=-1, keepdims=True)
        arrived = jnp.arange(intervals.count, dtype=jnp.int32)[:, None] < jnp.maximum(prefix, exact)
        ends = jnp.where(arrived, ends, jnp.where(sound, damped, it.ends))
        starts = intervals.starts(y0, ends)
        if linearised.moved is not None:
            stages = linearised.moved(starts - linearised.starts)[0]
    gain = (prefix - it.prefix).astype(scaled.dtype)
    slowing = jnp.where(gain < it.gain, gain / jnp.where(it.gain > 0, it.gain, 1), 1)
    return _Iterate(
        ends=ends,
        stages=None if stages is None else sound_stages(stages, starts, bound),
        scaled=scaled,
        updates=updates,
        exact=exact,
        memory=memory,
        prefix=prefix,
        iterations=it.iterations + 1,
        fronts=it.fronts.at[it.iterations].set(prefix),
        shrinking=jnp.max(scaled) < _SHRUNK * jnp.max(it.scaled),
        gain=gain,
        next=gain * slowing,
        blocked=converged_prefix(by_update) > front,
        propagator=solution.propagator(jnp.maximum(prefix - 1, 0))
        if structure.exact
        else it.propagator,
    )
