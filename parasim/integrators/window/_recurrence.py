"""What a window is: a recurrence `y_{n+1} = step(y_n, x_n)`, and the ways to look at it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr
from jaxtyping import Array, Float, Int, PyTree

from parasim.integrators.kernels._choice import fused_scan
from parasim.integrators.method._method import Method
from parasim.integrators.newton._compiler import scan_in_blocks
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._stages import StageEquations
from parasim.integrators.newton._tangent_rule import with_tangent_rule
from parasim.integrators.window._walk_state import Steps


class Recurrence(NamedTuple):
    """The steps of a window.

    Attributes:
        step: the step map `(y, x) -> y`; states are pytrees.
        inputs: the `x_n`, N of them along the leading axis of every leaf.
        duration: the time that the window spans, which growth rates are relative to.
        coarse_step: a cheap approximation of L steps at once, or None if there is none.
        coarse_inputs: its inputs, one per shooting interval.
        guess: of the states after each step, or None.
        moving: how many steps move, in this time; the states after the others are the same. None:
            all of them.
        equations: of the stages of an implicit step, on vectors, if they can be solved for
            together with the states.
        quick_step: the same as `step`, faster, of which no derivatives can be taken; or None.
    """

    step: Callable[[PyTree, PyTree], PyTree]
    inputs: PyTree
    duration: Float[Array, ""]
    coarse_step: Callable[[PyTree, PyTree], PyTree] | None = None
    coarse_inputs: PyTree = None
    guess: PyTree = None
    moving: Int[Array, ""] | None = None
    equations: StageEquations | None = None
    quick_step: Callable[[PyTree, PyTree], PyTree] | None = None

    @property
    def steps(self) -> int:
        """N, those that do not move included."""
        return jax.tree.leaves(self.inputs)[0].shape[0]


def step_through(recurrence: Recurrence, y0: PyTree) -> tuple[PyTree, PyTree]:
    """Step through a window one step after the other; return the last state and all states."""
    # For a gradient only states are kept, and each step is made once more from them.
    step = jax.checkpoint(  # pyright: ignore[reportPrivateImportUsage]
        _quick_with_derivatives(recurrence, y0), prevent_cse=False
    )

    def body(y: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        y = step(y, x)
        return y, y

    if recurrence.quick_step is None:
        return jax.lax.scan(body, y0, recurrence.inputs)
    return scan_in_blocks(body, y0, recurrence.inputs)


def step_through_constant(recurrence: Recurrence, y0: PyTree) -> tuple[PyTree, PyTree]:
    """Step through a window as `step_through` does, but derivatives do not flow through it.

    On a GPU that is one kernel, if it can be.
    """
    still = constant(recurrence)
    step = still.step if still.quick_step is None else still.quick_step

    def body(y: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        y = step(y, x)
        return y, y

    if still.quick_step is None:
        return fused_scan(body, constant(y0), still.inputs)
    return scan_in_blocks(body, constant(y0), still.inputs)


def _quick_with_derivatives(
    recurrence: Recurrence, y0: PyTree
) -> Callable[[PyTree, PyTree], PyTree]:
    """Return the quick step, with the derivatives of the other."""
    if recurrence.quick_step is None:
        return lambda y, x: recurrence.step(y, x)
    first = jax.tree.map(lambda leaf: leaf[0], recurrence.inputs)
    quick = constant(eqx.filter_closure_convert(recurrence.quick_step, y0, first))
    exact = eqx.filter_closure_convert(recurrence.step, y0, first)

    def step(y: PyTree, x: PyTree) -> PyTree:
        return with_tangent_rule(_step_tangent, (exact, y, x), quick(constant(y), constant(x)))

    return step


def _step_tangent(problem: Any, value: PyTree, tangents: PyTree) -> PyTree:
    del value
    return eqx.filter_jvp(lambda made: made[0](made[1], made[2]), (problem,), (tangents,))[1]


def shooting_intervals(
    recurrence: Recurrence, flattening: Flattening, y0: Float[Array, " d"], method: Method
) -> Intervals:
    """Return the window's shooting intervals."""
    step = _closed(flattening.on_vectors(recurrence.step), y0, recurrence.inputs)
    return Intervals(step, recurrence.inputs, method.interval, mesh=method.mesh)


def steps_on_vectors(
    recurrence: Recurrence, flattening: Flattening, y0: Float[Array, " d"]
) -> Steps:
    """Return the window's steps for a walk."""
    coarse = recurrence.coarse_step
    return Steps(
        step=_closed(flattening.on_vectors(recurrence.step), y0, recurrence.inputs),
        inputs=recurrence.inputs,
        coarse_step=None
        if coarse is None
        else _closed(flattening.on_vectors(coarse), y0, recurrence.coarse_inputs),
        coarse_inputs=recurrence.coarse_inputs,
        guess=None if recurrence.guess is None else jax.vmap(flattening.flatten)(recurrence.guess),
        equations=_closed_equations(recurrence.equations, y0, recurrence.inputs),
    )


def _closed(
    step: Callable[[Array, PyTree], Array], y: Float[Array, " d"], inputs: PyTree
) -> Callable[[Array, PyTree], Array]:
    """Return the step as a pytree of whatever it refers to: derivatives can be seen, or stopped.

    For a gradient only states are kept, and each step is made once more from them.
    """
    cheap = jax.checkpoint(step, prevent_cse=False)  # pyright: ignore[reportPrivateImportUsage]
    return eqx.filter_closure_convert(cheap, y, jax.tree.map(lambda leaf: leaf[0], inputs))


def _closed_equations(
    equations: StageEquations | None, y: Float[Array, " d"], inputs: PyTree
) -> StageEquations | None:
    """Return the equations as a pytree of whatever they refer to."""
    if equations is None:
        return None
    stages = jnp.zeros((len(equations.places), y.size), y.dtype)
    first = jax.tree.map(lambda leaf: leaf[0], inputs)
    closed = eqx.filter_closure_convert(equations.linearised, y, stages, first)
    return StageEquations(closed, equations.places)


def constant(tree: PyTree) -> PyTree:
    """Return the same, but derivatives do not flow through it."""
    arrays, rest = eqx.partition(tree, eqx.is_inexact_array)
    return eqx.combine(jax.lax.stop_gradient(arrays), rest)


def no_tangents(recurrence: Recurrence, y0: PyTree) -> Exception | None:
    """Return what is raised where a step has no forward-mode derivative; known while tracing."""

    def tangent(y: PyTree, inputs: PyTree) -> PyTree:
        x = jax.tree.map(lambda leaf: leaf[0], inputs)
        return jax.jvp(lambda y: recurrence.step(y, x), (y,), (y,))[1]

    try:
        program = jax.make_jaxpr(tangent)(y0, recurrence.inputs)
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:  # by primitives
        return error
    if _REVERSE_ONLY in _operations(program.jaxpr):
        return TypeError("a step calls what has a jax.custom_vjp, and so none in forward mode")
    return None


# What is left in a tangent of a function with a `jax.custom_vjp`, and can only be transposed.
_REVERSE_ONLY = "custom_lin"


def _operations(program: Jaxpr) -> set[str]:
    """Return the names of what a program does, loops and branches included."""
    names = set()
    for equation in program.eqns:
        names.add(equation.primitive.name)
        for part in jax.tree.leaves(equation.params, is_leaf=_is_program):
            if _is_program(part):
                names |= _operations(part.jaxpr if isinstance(part, ClosedJaxpr) else part)
    return names


def _is_program(part: Any) -> bool:
    return isinstance(part, Jaxpr | ClosedJaxpr)


def has_tangents(recurrence: Recurrence, y0: PyTree) -> bool:
    """Whether a step can be differentiated; known while tracing."""
    return no_tangents(recurrence, y0) is None
