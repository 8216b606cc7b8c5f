"""Explicit Runge-Kutta steps of a few variables as they are fastest on a CPU, without derivatives.

XLA's CPU compiler makes one kernel of a loop that touches less than 1,024 bytes in each round
(its `SmallWhileLoopHoistingPass`), and of any other one as many kernels as there are results to
keep, each of which takes 20 to 50 ns to call. Stages with costly slopes, written out and stored,
are a dozen such kernels; a loop over them, inside the loop over steps, is one.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Float, PyTree

from parasim.integrators.method._devices import device_in_use
from parasim.integrators.newton._compiler import costly
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.steps._explicit import ExplicitStep
from parasim.integrators.steps._nodes import Slot

# Of more variables the loop is no faster; of fewer slopes and variables it is slower. Measured:
# docs/design.md, decision 5.
_MOST_VARIABLES = 8
_LEAST_NUMBERS = 10
_LEAST_STAGES = 3


class LoopedStep(eqx.Module):
    """The step of an `ExplicitStep`, its stages made in a loop.

    Under `vmap` it is the `ExplicitStep` itself, but for a few members.

    Attributes:
        step: the same step written out.
    """

    step: ExplicitStep

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step."""
        looped = eqx.filter_closure_convert(self._in_a_loop, y, slot)
        written = eqx.filter_closure_convert(lambda y, slot: self.step(y, slot), y, slot)
        few = _MOST_VARIABLES // Flattening(y).size
        return _unless_many(looped, written, few)(y, slot)

    def details(self, y: PyTree, slot: Slot) -> tuple[PyTree, dict[str, PyTree]]:
        """Return the embedded error estimate of the step, and what diffrax interpolates from."""
        return self.step.details(y, slot)

    def _in_a_loop(self, y: PyTree, slot: Slot) -> PyTree:
        step, flattening = self.step, Flattening(y)
        start, scale = flattening.flatten(y), flattening.flatten(step.scale)
        weights, shares = _tableau(step)
        weights, shares = jnp.asarray(weights, start.dtype), jnp.asarray(shares)

        def stage(i: Array, reached: tuple[Array, Array]) -> tuple[Array, Array]:
            state, increments = reached
            t = slot.start + shares[i].astype(jnp.result_type(step.dt)) * step.dt
            slope = step.vector_field(t, flattening.unflatten(state))
            increments = increments.at[i].set(scale * flattening.flatten(slope))
            return start + jnp.sum(weights[i][:, None] * increments, axis=0), increments

        none = jnp.zeros((step.stages, start.size), start.dtype)
        return flattening.unflatten(jax.lax.fori_loop(0, step.stages, stage, (start, none))[0])


def quick_explicit_step(step: ExplicitStep, t: Any, y: PyTree) -> LoopedStep | ExplicitStep | None:
    """Return the step as it is faster where no derivatives are taken; None if it is not.

    Arguments:
        step: written out, with what is computed stored.
        t: a time, for its dtype.
        y: a state, for the shapes and dtypes of its leaves.
    """
    size = Flattening(y).size
    if not 0 < size <= _MOST_VARIABLES or device_in_use().platform != "cpu":
        return None
    slope = jax.eval_shape(step.vector_field, t, y)
    kinds = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(slope)]
    own = [(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in jax.tree.leaves(y)]
    dtype = own[0][1]
    if kinds != own or any(kind != dtype for _, kind in own) or not _is_real(dtype):
        return None
    if step.stages < _LEAST_STAGES and size == len(own) > 1:
        # Nothing is computed again where every number is an array.
        return dataclasses.replace(step, store=False)
    if step.stages * size < _LEAST_NUMBERS or not costly(step.vector_field, t, y):
        return None
    return LoopedStep(step)


def _is_real(dtype: Any) -> bool:
    return bool(jnp.issubdtype(dtype, jnp.floating))


def _tableau(step: ExplicitStep) -> tuple[Float[np.ndarray, "s s"], Float[np.ndarray, " s"]]:
    """Return the weights of the slopes in the stage after each, and where slopes are taken."""
    weights = np.zeros((step.stages, step.stages))
    for place, row in enumerate(step.tableau.a_lower[: step.stages - 1]):
        weights[place, : len(row)] = row
    weights[-1] = step.tableau.b_sol[: step.stages]
    return weights, np.array([0.0, *step.tableau.c[: step.stages - 1]])


def _unless_many(
    one: Callable[..., PyTree], other: Callable[..., PyTree], few: int
) -> Callable[..., PyTree]:
    """Return a function, and under `vmap` over more than a few members another one instead.

    Arguments:
        one, other: pytrees of whatever they refer to.
        few: so many members.
    """

    def either(*arguments: PyTree) -> PyTree:
        arrays, static = eqx.partition((one, other, arguments), eqx.is_array)

        @custom_vmap
        def chosen(arrays: PyTree) -> PyTree:
            one, _, arguments = eqx.combine(arrays, static)
            return one(*arguments)

        @chosen.def_vmap
        def members(axis_size: int, in_batched: list[PyTree], arrays: PyTree) -> tuple:
            def member(arrays: PyTree) -> PyTree:
                one, other, arguments = eqx.combine(arrays, static)
                if axis_size > few:
                    return other(*arguments)
                return _unless_many(one, other, few // axis_size)(*arguments)

            axes = jax.tree.map(lambda batched: 0 if batched else None, in_batched[0])
            results = jax.vmap(member, in_axes=(axes,), axis_size=axis_size)(arrays)
            return results, jax.tree.map(lambda _: True, results)

        return chosen(arrays)

    return either
