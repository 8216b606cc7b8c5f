"""`SaveAt(ts=...)` from dense output, after the integration: all times at once.

diffrax saves one time after the other while it integrates. Here the integration keeps its dense
output instead, and what diffrax would have saved is read from that.
"""

import dataclasses
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree, Real

from parasim.integrators.solver._dense_output import evaluate

# Bytes of states; dense output takes about ten times that.
_ALWAYS_FINE = 2**24
_TIMES_WHAT_IS_SAVED = 2


def is_sub(leaf: Any) -> bool:
    """Say whether this is a `SubSaveAt`, a leaf of `SaveAt.subs`."""
    return isinstance(leaf, diffrax.SubSaveAt)


def times_asked_for(saveat: diffrax.SaveAt) -> list[Array]:
    """Return the `ts` of all parts of a `SaveAt` that have some."""
    subs = jax.tree.leaves(saveat.subs, is_leaf=is_sub)
    return [sub.ts for sub in subs if sub.ts is not None]


def mixes_steps_and_times(saveat: diffrax.SaveAt) -> bool:
    """Say whether one part saves steps and times, in the order in which they come."""
    subs = jax.tree.leaves(saveat.subs, is_leaf=is_sub)
    return any(sub.ts is not None and sub.steps for sub in subs)


def shows_max_steps(saveat: diffrax.SaveAt) -> bool:
    """Say whether what is saved has `max_steps` in its shape."""
    subs = jax.tree.leaves(saveat.subs, is_leaf=is_sub)
    return saveat.dense or any(sub.steps for sub in subs)


def worth_its_memory(y0: PyTree, states: int, saved: int) -> bool:
    """Say whether dense output of so many states is in proportion to so many saved ones.

    Arguments:
        y0: a state.
        states: how many there is room for.
        saved: how many are read from it.
    """
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(y0))
    return states * size <= max(_ALWAYS_FINE, _TIMES_WHAT_IS_SAVED * saved * size)


def without_times(saveat: diffrax.SaveAt) -> diffrax.SaveAt:
    """Return what to ask of diffrax, so that `with_times` can add the rest."""

    def one(sub: diffrax.SubSaveAt) -> diffrax.SubSaveAt:
        if sub.ts is None:
            return sub
        return diffrax.SubSaveAt(t0=sub.t0, t1=True, fn=sub.fn)

    subs = jax.tree.map(one, saveat.subs, is_leaf=is_sub)
    return dataclasses.replace(saveat, subs=subs, dense=True)


def checked_times(saveat: diffrax.SaveAt, t0: Array, t1: Array) -> diffrax.SaveAt:
    """Return the `SaveAt` with times in the dtype of t0, refused where diffrax refuses them."""
    direction = jnp.where(t0 < t1, 1, -1).astype(t0.dtype)

    def one(sub: diffrax.SubSaveAt) -> diffrax.SubSaveAt:
        if sub.ts is None:
            return sub
        ts = sub.ts.astype(t0.dtype)
        turned = ts * direction
        ts = eqx.error_if(
            ts, turned[1:] < turned[:-1], "saveat.ts must be increasing or decreasing."
        )
        outside = (turned > t1 * direction) | (turned < t0 * direction)
        ts = eqx.error_if(ts, outside, "saveat.ts must lie between t0 and t1.")
        return dataclasses.replace(sub, ts=ts)

    return dataclasses.replace(saveat, subs=jax.tree.map(one, saveat.subs, is_leaf=is_sub))


def with_times(solution: diffrax.Solution, saveat: diffrax.SaveAt, args: PyTree) -> Any:
    """Return the solution with what the `SaveAt` asked for.

    Arguments:
        solution: of a `diffeqsolve` with `without_times(saveat)`.
        saveat: with `checked_times`.
        args: as of `diffeqsolve`.
    """

    def one(
        sub: diffrax.SubSaveAt, ts: Real[Array, " ends"], ys: PyTree
    ) -> tuple[Real[Array, " saved"], PyTree]:
        if sub.ts is None:
            return ts, ys
        return _one_with_times(solution, sub, ts, ys, args)

    structure = jax.tree.structure(saveat.subs, is_leaf=is_sub)
    subs = structure.flatten_up_to(saveat.subs)
    ts, ys = (structure.flatten_up_to(tree) for tree in (solution.ts, solution.ys))
    pairs = [one(*parts) for parts in zip(subs, ts, ys, strict=True)]
    return dataclasses.replace(
        solution,
        ts=structure.unflatten([pair[0] for pair in pairs]),
        ys=structure.unflatten([pair[1] for pair in pairs]),
        interpolation=solution.interpolation if saveat.dense else None,
    )


def _one_with_times(
    solution: diffrax.Solution, sub: diffrax.SubSaveAt, ts: Array, ys: PyTree, args: PyTree
) -> tuple[Array, PyTree]:
    """Put the times between t0 and the end, and the end right behind the last time before it."""
    dense, last = solution.interpolation, ts[-1]
    assert dense is not None
    assert sub.ts is not None
    direction = jnp.asarray(dense.direction, ts.dtype)
    began = (dense.ts_size > 1) | (solution.t0 == solution.t1)
    saved = began & (sub.ts * direction <= last * direction)
    times = jnp.where(saved, sub.ts, solution.t0)
    states = evaluate(solution, times)
    values = jax.vmap(lambda t, y: sub.fn(t, y, args))(times, states)
    end = jnp.sum(saved) + int(sub.t0)

    def joined(values: Array, own: Array) -> Array:
        mask = saved.reshape(saved.shape + (1,) * (values.ndim - 1))
        parts = [own[:1]] if sub.t0 else []
        parts.append(jnp.where(mask, values, jnp.full_like(values, jnp.inf)))
        if not sub.t1:
            return jnp.concatenate(parts)
        room = jnp.full_like(own[-1:], jnp.inf)
        return jnp.concatenate([*parts, room]).at[end].set(own[-1])

    return joined(times, ts), jax.tree.map(joined, values, ys)
