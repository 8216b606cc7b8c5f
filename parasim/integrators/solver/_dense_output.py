"""Many times of a solution at once, and all of its inner steps: gathers, and no loop."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree, Real

from parasim._errors import ConfigError
from parasim.integrators.steps._interpolation import WindowInterpolations
from parasim.integrators.steps._nodes import inner_step_at, window_node


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
    made_by = dense.interpolation_cls
    if not isinstance(made_by, WindowInterpolations):
        return jax.vmap(solution.evaluate)(ts)

    def at(t: Array) -> PyTree:
        inside = (dense.ts_size > 1) & (t >= dense.ts[0]) & (t <= dense.ts[dense.ts_size - 1])
        window = jnp.clip(jnp.searchsorted(dense.ts, t) - 1, 0, jnp.maximum(dense.ts_size - 2, 0))
        start, end, number = _finite_where(
            inside, (dense.ts[window], dense.ts[window + 1], dense.infos["count"][window])
        )
        time, count = jnp.where(inside, t, start), number.astype(jnp.int32)
        step, start, end = _inner_step(dense.infos["nodes"], window, start, end, count, time)
        details = jax.tree.map(lambda leaf: leaf[window, step], dense.infos["details"])
        states = made_by.inner(
            t0=start,
            t1=end,
            **details,
        ).evaluate(time)
        nothing_done = (dense.ts_size == 1) & (t == dense.t0_if_trivial)
        return jax.tree.map(
            lambda y0, leaf: jnp.where(nothing_done, y0, jnp.where(inside, leaf, jnp.nan)),
            dense.y0_if_trivial,
            states,
        )

    return jax.vmap(at)(ts * _direction(dense))


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
    windows, details = dense.ts.shape[0] - 1, jax.tree.leaves(dense.infos["details"])
    steps = details[0].shape[1] if details else 0

    def ends(n: Array, t0: Array, t1: Array, info: PyTree) -> tuple[Array, PyTree, Array]:
        made = n < dense.ts_size - 1
        t0, t1, info = _finite_where(made, (t0, t1, info))
        times, states, valid = made_by(t0=t0, t1=t1, **info).inner_ends(steps)
        return times, states, valid & made

    times, states, valid = jax.tree.map(
        lambda leaf: leaf.reshape(-1, *leaf.shape[2:]),
        jax.vmap(ends)(jnp.arange(windows), dense.ts[:-1], dense.ts[1:], dense.infos),
    )
    (order,) = jnp.nonzero(valid, size=valid.size, fill_value=valid.size)

    def behind(first: Any, leaf: Array) -> Array:
        kept = leaf.at[order].get(mode="fill", fill_value=jnp.inf)
        return jnp.concatenate([jnp.asarray(first, leaf.dtype)[None], kept])

    direction = _direction(dense)
    ts = behind(dense.t0_if_trivial * direction, times * direction)
    return ts, jax.tree.map(behind, dense.y0_if_trivial, states)


def _inner_step(
    nodes: Array | None, window: Array, t0: Array, t1: Array, count: Array, t: Array
) -> tuple[Array, Array, Array]:
    """Return which inner step of a window a time lies in, and where that starts and ends."""
    if nodes is None:
        step = inner_step_at(t0, t1, count, t)
        return step, window_node(t0, t1, count, step), window_node(t0, t1, count, step + 1)
    # Windows follow each other, so that one search goes through the nodes of all of them.
    place = jnp.searchsorted(nodes.ravel(), t, side="left").astype(window.dtype)
    step = (place - window * nodes.shape[1] - 1).astype(count.dtype)
    step = jnp.clip(step, 0, jnp.maximum(count - 1, 0))
    start, end = _finite_where(count > 0, (nodes[window, step], nodes[window, step + 1]))
    return step, start, end


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


def _finite_where(made: Any, infos: PyTree) -> PyTree:
    """Replace what was not made: it is infinite, and would make derivatives NaN."""
    return jax.tree.map(lambda leaf: jnp.where(made, leaf, jnp.ones_like(leaf)), infos)
