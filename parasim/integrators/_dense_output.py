"""Many times of a solution at once, and all of its inner steps: gathers, and no loop."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree, Real

from parasim._errors import ConfigError
from parasim.integrators._interpolation import WindowInterpolations


@eqx.filter_jit
def evaluate(solution: diffrax.Solution, ts: Any) -> PyTree:
    """Evaluate dense output at many times at once.

    Equal to `jax.vmap(solution.evaluate)(ts)`. From a `ParallelNewton`'s solution the one inner
    step that each time hits is gathered, and nothing else of its window.

    Arguments:
        solution: what `diffeqsolve` returned, called with `saveat=SaveAt(dense=True)`. With another
            solver than `ParallelNewton` it is evaluated as diffrax does. A batch of solutions is
            evaluated by `jax.vmap(parasim.evaluate, in_axes=(0, None))(solutions, ts)`.
        ts: the times, one-dimensional, in any order; in the solution's time dtype, else converted.

    Returns:
        The states, along a leading axis as long as `ts`; NaN outside the solution.

    Raises:
        ConfigError: the solution has no dense output, or is a batch; `ts` is not one-dimensional.
    """
    dense = _dense_output(solution)
    ts = jnp.asarray(ts, dense.ts.dtype)
    if ts.ndim != 1:
        raise ConfigError(f"ts must be one-dimensional, such as jnp.array([0.5]), not {ts.shape}")
    if not isinstance(dense.interpolation_cls, WindowInterpolations):
        return jax.vmap(solution.evaluate)(ts)
    times = ts * _direction(dense)
    at_start = (dense.ts_size == 1) & (times == dense.t0_if_trivial)
    inside = (dense.ts_size > 1) & (times >= dense.ts[0]) & (times <= dense.ts[dense.ts_size - 1])
    window = jnp.clip(jnp.searchsorted(dense.ts, times) - 1, 0, jnp.maximum(dense.ts_size - 2, 0))
    # What is not there is infinite, and would make every derivative NaN.
    start = jnp.where(inside, dense.ts[window], 0)
    end = jnp.where(inside, dense.ts[window + 1], 1)
    count = _counts(dense)[window]
    length = jnp.where(end > start, end - start, 1)
    place = jnp.floor((times - start) / length * count.astype(times.dtype))
    slot = jnp.clip(place.astype(jnp.int32), 0, count - 1)
    states = _inner_states(
        dense,
        inside,
        _node(start, end, slot, count),
        _node(start, end, slot + 1, count),
        jax.tree.map(lambda leaf: leaf[window, slot], dense.infos["details"]),
        times,
    )
    return jax.tree.map(
        lambda first, leaf: jnp.where(
            _like(at_start, leaf), first, jnp.where(_like(inside, leaf), leaf, jnp.nan)
        ),
        dense.y0_if_trivial,
        states,
    )


@eqx.filter_jit
def inner_steps(solution: diffrax.Solution) -> tuple[Real[Array, " nodes"], PyTree]:
    """Return every inner step of a `ParallelNewton`'s solution.

    Arguments:
        solution: what `diffeqsolve` returned, called with `saveat=SaveAt(dense=True)`. For a batch
            use `jax.vmap(parasim.inner_steps)(solutions)`.

    Returns:
        The times, from t0 in the direction of integration, and the states there, along a leading
        axis. There is room for `max_steps * steps + 1`; what is left over is infinite, as with
        `SaveAt(steps=True)`.

    Raises:
        ConfigError: the solution has no dense output, is a batch, or is another solver's.
    """
    dense = _dense_output(solution)
    made_by = dense.interpolation_cls
    if not isinstance(made_by, WindowInterpolations):
        raise ConfigError(
            "only solutions of a ParallelNewton have inner steps; the steps of other solvers are "
            "saved by SaveAt(steps=True)"
        )
    windows, slot = dense.ts.shape[0] - 1, jnp.arange(made_by.steps, dtype=jnp.int32)
    count = _counts(dense)[:, None]
    made = jnp.arange(windows)[:, None] < dense.ts_size - 1
    valid = (made & (slot < count)).reshape(-1)
    start, end = (
        jnp.where(made, ends[:, None], other)
        for ends, other in ((dense.ts[:-1], 0), (dense.ts[1:], 1))
    )
    before = _node(start, end, slot, count).reshape(-1)
    after = _node(start, end, slot + 1, count).reshape(-1)
    details = jax.tree.map(
        lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), dense.infos["details"]
    )
    states = _inner_states(dense, valid, before, after, details, after)
    (order,) = jnp.nonzero(valid, size=valid.size, fill_value=valid.size)

    def behind(first: Array, leaf: Array) -> Array:
        kept = leaf.at[order].get(mode="fill", fill_value=jnp.inf)
        return jnp.concatenate([jnp.asarray(first, leaf.dtype)[None], kept])

    direction = _direction(dense)
    ts = behind(dense.t0_if_trivial * direction, after * direction)
    return ts, jax.tree.map(behind, dense.y0_if_trivial, states)


def _dense_output(solution: diffrax.Solution) -> diffrax.DenseInterpolation:
    dense = solution.interpolation
    if dense is None:
        raise ConfigError(
            "this solution has no dense output: call diffeqsolve with saveat=SaveAt(dense=True)"
        )
    if jnp.ndim(dense.ts) != 1:
        raise ConfigError(
            "this solution is a batch: map over it, such as "
            "jax.vmap(parasim.evaluate, in_axes=(0, None))(solution, ts)"
        )
    return dense


def _direction(dense: diffrax.DenseInterpolation) -> Array:
    return jnp.asarray(dense.direction, dense.ts.dtype)


def _counts(dense: diffrax.DenseInterpolation) -> Int[Array, " windows"]:
    """Return how many inner steps each window has."""
    return jnp.full(dense.ts.shape[0] - 1, dense.interpolation_cls.steps, jnp.int32)


def _node(start: Array, end: Array, n: Array, count: Array) -> Array:
    """Return the n-th of the count + 1 times from start to end, rounded as the solver does."""
    between = start + (end - start) * (n.astype(start.dtype) / count.astype(start.dtype))
    return jnp.where(n >= count, end, between)


def _inner_states(
    dense: diffrax.DenseInterpolation,
    valid: Array,
    start: Array,
    end: Array,
    details: PyTree,
    times: Array,
) -> PyTree:
    """Interpolate each inner step at its time; what is not valid gives finite numbers."""
    details = jax.tree.map(
        lambda leaf: jnp.where(_like(valid, leaf), leaf, jnp.zeros_like(leaf)), details
    )
    times = jnp.where(valid, times, start)

    def one(t0: Array, t1: Array, detail: PyTree, t: Array) -> PyTree:
        return dense.interpolation_cls.inner(t0=t0, t1=t1, **detail).evaluate(t)

    return jax.vmap(one)(start, end, details, times)


def _like(mask: Array, leaf: Array) -> Array:
    return mask.reshape(mask.shape + (1,) * (leaf.ndim - mask.ndim))
