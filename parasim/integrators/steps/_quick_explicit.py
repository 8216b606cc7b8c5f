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
        arrays, static = eqx.partition((looped, written, y, slot), eqx.is_array)

        def by(which: int) -> Callable[[PyTree], PyTree]:
            def step(arrays: PyTree) -> PyTree:
                *steps, y, slot = eqx.combine(arrays, static)
                return steps[which](y, slot)

            return step

        few = _MOST_VARIABLES // Flattening(y).size
        return _unless_many(by(0), by(1), few)(arrays)

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
    one: Callable[[PyTree], PyTree], other: Callable[[PyTree], PyTree], few: int
) -> Callable[[PyTree], PyTree]:
    """Return a function of arrays, and under `vmap` over more than a few members another one."""

    @custom_vmap
    def chosen(arrays: PyTree) -> PyTree:
        return one(arrays)

    @chosen.def_vmap
    def members(axis_size: int, in_batched: list[PyTree], arrays: PyTree) -> tuple[PyTree, PyTree]:
        axes = (jax.tree.map(lambda batched: 0 if batched else None, in_batched[0]),)
        first, second = (jax.vmap(each, axes, axis_size=axis_size) for each in (one, other))
        of_all = second if axis_size > few else _unless_many(first, second, few // axis_size)
        results = of_all(arrays)
        return results, jax.tree.map(lambda _: True, results)

    return chosen
