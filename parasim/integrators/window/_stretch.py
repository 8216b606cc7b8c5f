"""Steps of a window that are made one after the other."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.kernels._choice import loop_kernel
from parasim.integrators.newton._batch import largest_member
from parasim.integrators.window._walk_state import Steps, Walk


def step_on(steps: Steps, walk: Walk, more: Int[Array, ""], menu: WindowMenu) -> Walk:
    """Make so many steps one after the other."""
    first = walk.history.position
    fused = _fused_steps(steps, walk, first, first + more)
    if fused is not None:
        return _after_steps(walk, more, menu, *fused)

    def step(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        position, y, states = carry
        x = jax.tree.map(lambda leaf: leaf[position], steps.inputs)
        y = steps.step(y, x)
        return position + 1, y, states.at[position].set(y)

    _, y, states = jax.lax.while_loop(
        lambda carry: carry[0] < first + more, step, (first, walk.y, walk.states)
    )
    return _after_steps(walk, more, menu, y, states)


def step_to_the_end(steps: Steps, walk: Walk, menu: WindowMenu) -> Walk:
    """Make all steps that are left one after the other, those of a batch side by side.

    Under `vmap` a loop whose members end at different steps copies all states in every one.
    """
    position, length = walk.history.position, steps.length
    fused = _fused_steps(steps, walk, position, length)
    if fused is not None:
        return _after_steps(walk, length - position, menu, *fused)

    def step(place: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        y, states = carry
        x = jax.tree.map(lambda leaf: leaf[place], steps.inputs)
        y = jnp.where(place < position, y, steps.step(y, x))
        state = jnp.where(place < position, states[place], y)
        return y, states.at[place].set(state)

    first = -largest_member(-position)
    y, states = jax.lax.fori_loop(first, length, step, (walk.y, walk.states))
    return _after_steps(walk, length - position, menu, y, states)


def _fused_steps(
    steps: Steps, walk: Walk, first: Int[Array, ""], stop: Any
) -> tuple[Float[Array, " d"], Float[Array, "room d"]] | None:
    """Make the steps of a window from a first one on in one kernel, if it can be."""

    def body(y: Array, x: PyTree) -> tuple[Array, Array]:
        y = steps.step(y, x)
        return y, y

    one = walk.y[None], jax.tree.map(lambda leaf: leaf[None], steps.inputs)
    kernel = loop_kernel(body, *one)
    if kernel is None:
        return None
    (y,), (states,) = kernel(*one, span=(first, stop))
    place = jnp.arange(states.shape[0], dtype=first.dtype)
    made = ((place >= first) & (place < stop))[:, None]
    known = walk.states[: states.shape[0]]
    return y, walk.states.at[: states.shape[0]].set(jnp.where(made, states, known))


def _after_steps(
    walk: Walk,
    more: Int[Array, ""],
    menu: WindowMenu,
    y: Float[Array, " d"],
    states: Float[Array, "room d"],
) -> Walk:
    first = walk.history.position
    history = walk.history.after_steps(more, menu)
    past = history.past.with_more(jnp.roll(states, -first, axis=0), more)
    history = history._replace(past=past, position=first + more)
    return walk._replace(y=y, states=states, history=history)
