"""Explicit steps of a few variables, or of one stage, as they are fastest on a CPU.

No derivatives are taken of them.

XLA's CPU compiler makes one kernel of a loop that touches less than 1,024 bytes in each round
(its `SmallWhileLoopHoistingPass`), and of any other one as many kernels as there are results to
keep, each of which takes 20 to 50 ns to call. So a step has to keep few and small results. Numbers
that are put together in one array are computed once, and as one.
"""

import dataclasses
import re
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from parasim.integrators.method._devices import device_in_use
from parasim.integrators.newton._compiler import FEW_VARIABLES, costly
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.steps._explicit import EulerStep, ExplicitStep
from parasim.integrators.steps._nodes import Slot

# Of more variables it makes little difference. Measured: docs/design.md, decision 5.
_MOST_VARIABLES = 8
_FEW_STAGES = 3

_PUTS_TOGETHER = re.compile(r"= (concatenate|stack)\b")


class QuickStep(eqx.Module):
    """The same step, without stores that cost more than they save, and with one step size.

    Attributes:
        step: the step, of which leaves are real and of one dtype.
        as_vector: whether the state is made one array for the time of the step.
    """

    step: ExplicitStep | EulerStep
    as_vector: bool = eqx.field(static=True)

    def __call__(self, y: PyTree, slot: Slot) -> PyTree:
        """Return the state after the step."""
        step, flattening = dataclasses.replace(self.step, store=False), Flattening(y)
        if not self.as_vector and flattening.size <= FEW_VARIABLES:
            return step(y, slot)
        # A product with what is the same in every round would be made before the loop, of the
        # size of the state, and be read in every round.
        scale, _ = jax.lax.optimization_barrier((self._scale(), slot.start))
        if not self.as_vector:
            return dataclasses.replace(step, scale=jax.tree.map(lambda _: scale, y))(y, slot)

        def vector_field(t: Any, vector: Array) -> Array:
            return flattening.flatten(step.vector_field(t, flattening.unflatten(vector)))

        on_vectors = dataclasses.replace(step, vector_field=vector_field, scale=scale)
        return flattening.unflatten(on_vectors(flattening.flatten(y), slot))

    def details(self, y: PyTree, slot: Slot) -> tuple[PyTree, dict[str, PyTree]]:
        """Return the embedded error estimate of the step, and what diffrax interpolates from."""
        return self.step.details(y, slot)

    def _scale(self) -> Array:
        return jnp.ravel(jax.tree.leaves(self.step.scale)[0])[0]


def quick_explicit_step(step: ExplicitStep | EulerStep, t: Any, y: PyTree) -> QuickStep | None:
    """Return the step as it is faster where no derivatives are taken; None if it is not.

    Arguments:
        step: written out, with what is computed stored.
        t: a time, for its dtype.
        y: a state, for the shapes and dtypes of its leaves.
    """
    size = Flattening(y).size
    if size == 0 or device_in_use().platform != "cpu":
        return None
    # Euler's step has no stages to keep, however many variables there are.
    if size > _MOST_VARIABLES and not isinstance(step, EulerStep):
        return None
    slope = jax.eval_shape(step.vector_field, t, y)
    kinds = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(slope)]
    own = [(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in jax.tree.leaves(y)]
    dtype = own[0][1]
    if kinds != own or any(kind != dtype for _, kind in own) or not _is_real(dtype):
        return None
    if isinstance(step, EulerStep):
        return QuickStep(step, as_vector=False) if size > FEW_VARIABLES else None
    if step.stages < _FEW_STAGES and size == len(own) > 1:
        return QuickStep(step, as_vector=False)
    if costly(step.vector_field, t, y):
        return QuickStep(step, as_vector=True)
    if size > FEW_VARIABLES and _is_put_together(step.vector_field, t, y):
        return QuickStep(step, as_vector=True)
    return None


def _is_real(dtype: Any) -> bool:
    return bool(jnp.issubdtype(dtype, jnp.floating))


def _is_put_together(vector_field: Any, t: Any, y: PyTree) -> bool:
    """Whether slopes are several arrays, or one that `jnp.stack` or the like has made last."""
    program = jax.make_jaxpr(vector_field)(t, y).jaxpr
    if len(program.outvars) > 1:
        return True
    last = [equation for equation in program.eqns if program.outvars[0] in equation.outvars]
    return any(_PUTS_TOGETHER.search(str(equation)) for equation in last)
