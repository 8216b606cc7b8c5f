"""A window cut into shooting intervals, mapped in parallel."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.kernels._choice import loop_kernel
from parasim.integrators.method._sharding import over_devices
from parasim.integrators.method._structure import Linearisation
from parasim.integrators.newton._stages import (
    StageEquations,
    StageMap,
    linearised_stages,
    steps_before,
)

Step = Callable[[Array, PyTree], Array]


class Intervals(eqx.Module):
    """The N steps of a window as M intervals of L steps; the last may be shorter.

    Arguments:
        step: the step map `(y, x) -> y`, on vectors.
        inputs: the steps' inputs, N of them along the leading axis of every leaf.
        length: L.
        moving: how many of the steps are made at all, from the first on; None: all of them. The
            state stands still in the others.
        coarse_inputs: of a coarse step over each interval, where there are coarse steps.
        mesh: of devices that divide the intervals among them; None: one has them all.
        equations: of the stages of an implicit step, if they are solved for beside the states.
        fused: whether loops over steps may be kernels, through which no derivatives flow.
    """

    step: Step
    inputs: PyTree
    coarse_inputs: PyTree
    equations: StageEquations | None
    counted: Bool[Array, "M L"] | None  # None: every interval is full
    steps: int = eqx.field(static=True)
    length: int = eqx.field(static=True)
    count: int = eqx.field(static=True)
    mesh: Mesh | None = eqx.field(static=True)
    fused: bool = eqx.field(static=True)

    def __init__(
        self,
        step: Step,
        inputs: PyTree,
        length: int,
        moving: Int[Array, ""] | None = None,
        coarse_inputs: PyTree = None,
        mesh: Mesh | None = None,
        equations: StageEquations | None = None,
        fused: bool = False,
    ):
        self.fused = fused
        self.mesh = mesh
        self.step = step
        self.equations = equations
        self.coarse_inputs = coarse_inputs
        self.steps = jax.tree.leaves(inputs)[0].shape[0]
        self.length = min(length, self.steps)
        self.count = -(-self.steps // self.length)
        padding = self.count * self.length - self.steps

        def cut(leaf: Array) -> Array:
            first = leaf[(self.count - 1) * self.length]
            padded = jnp.concatenate([leaf, jnp.repeat(first[None], padding, axis=0)])
            return padded.reshape(self.count, self.length, *leaf.shape[1:])

        self.inputs = jax.tree.map(cut, inputs)
        index = jnp.arange(self.count * self.length, dtype=jnp.int32)
        made = self.steps if moving is None else jnp.minimum(moving, self.steps)
        every = moving is None and not padding
        self.counted = None if every else (index < made).reshape(self.count, self.length)

    def starts(self, y0: Float[Array, " d"], ends: Float[Array, "M d"]) -> Float[Array, "M d"]:
        """Return the states at which the intervals begin, given those at which they end."""
        return jnp.concatenate([y0[None], ends[:-1]])

    def stages(
        self, y0: Float[Array, " d"], ends: Float[Array, "M d"]
    ) -> Float[Array, "M L K d"] | None:
        """Guess the stages of all steps from the states at which the intervals end."""
        if self.equations is None:
            return None
        return self.equations.on_chords(self.starts(y0, ends), ends, self.length, self.counted)

    def linearised(
        self, starts: Float[Array, "M d"], stages: Float[Array, "M L K d"] | None = None
    ) -> Linearisation:
        """Return the maps of all intervals, each at its start, and at its stages if it has any."""
        if self.equations is not None and stages is not None:
            equations = self.equations

            def linearise(own: PyTree) -> StageMap:
                return jax.vmap(equations.linearised)(*own)

            before = steps_before(starts, stages)
            maps = self._for_each(linearise, (before, stages, self.inputs))
            return linearised_stages(maps, self.counted, starts, before, stages, self.coarse_inputs)

        def push(directions: Array) -> tuple[Array, Array]:
            every = jnp.broadcast_to(directions, (self.count, *directions.shape[-2:]))
            carried = self._kernel(self._carry, (starts, every))
            if carried is not None:
                return carried[0]
            each = (starts, self.inputs, self.counted)
            if directions.ndim == 2:
                return self._for_each(lambda own: _pushed(self.step, directions, *own), each)
            return self._for_each(lambda own: _pushed(self.step, *own), (directions, *each))

        return Linearisation(starts, push, self.coarse_inputs)

    def _for_each(self, one: Callable[[PyTree], PyTree], each: PyTree) -> PyTree:
        """Do the same for every interval, with what each has of its own."""
        return over_devices(jax.vmap(one), self.mesh, each)

    def last_of_each(self, states: PyTree) -> PyTree:
        """Pick the states at the ends of the intervals from those after each step."""
        last = np.minimum(self.length * np.arange(1, self.count + 1), self.steps) - 1
        return jax.tree.map(lambda leaf: leaf[last], states)

    def states(
        self, starts: Float[Array, "M d"], stages: Float[Array, "M L K d"] | None = None
    ) -> Float[Array, "N d"]:
        """Run every interval from its start, and return the states after each step.

        Stages that have been solved for say what these are.
        """
        stepped = self._kernel(self._step, starts) if stages is None else None
        if stages is not None:
            states = stages[:, :, -1]
        elif stepped is not None:
            states = stepped[1]
        else:
            each = (starts, self.inputs, self.counted)
            states = self._for_each(lambda own: _run(self.step, *own), each)
        return jax.lax.collapse(states, 0, 2)[: self.steps]

    def stepped(self, y0: Float[Array, " d"]) -> Float[Array, "N d"]:
        """Run one interval after the other, and return the states after each step."""

        def body(start: Array, x: tuple[PyTree, Array | None]) -> tuple[Array, Array]:
            states = _run(self.step, start, *x)
            return states[-1], states

        states = jax.lax.scan(body, y0, (self.inputs, self.counted))[1]
        return jax.lax.collapse(states, 0, 2)[: self.steps]

    def _kernel(self, body: Callable, init: PyTree) -> tuple[PyTree, PyTree] | None:
        """Loop over the steps of all intervals in one kernel, if it may be and can be."""
        if not self.fused or self.mesh is not None:
            return None
        xs = self.inputs, self.counted
        kernel = loop_kernel(body, init, xs)
        return None if kernel is None else kernel(init, xs)

    def _step(self, y: Array, x: tuple[PyTree, Array | None]) -> tuple[Array, Array]:
        """Make a step, if it is one that is made."""
        inputs, moving = x
        stepped = self.step(y, inputs)
        stepped = stepped if moving is None else jnp.where(moving, stepped, y)
        return stepped, stepped

    def _carry(
        self, state: tuple[Array, Array], x: tuple[PyTree, Array | None]
    ) -> tuple[tuple[Array, Array], None]:
        """Make a step with tangents."""
        y, directions = state
        if not directions.shape[-1]:
            return (self._step(y, x)[0], directions), None

        def along(direction: Array) -> tuple[Array, Array]:
            return jax.jvp(lambda y: self._step(y, x)[0], (y,), (direction,))

        return jax.vmap(along, -1, (None, -1))(directions), None


def _pushed(
    step: Step, directions: Float[Array, "d k"], start: Array, inputs: PyTree, counted: Array | None
) -> tuple[Float[Array, " d"], Float[Array, "d k"]]:
    """Push tangents through an interval, and return its end as well."""

    def end(start: Array) -> Array:
        return _run(step, start, inputs, counted)[-1]

    if not directions.shape[-1]:
        return end(start), directions

    def along(direction: Array) -> tuple[Array, Array]:
        return jax.jvp(end, (start,), (direction,))

    return jax.vmap(along, -1, (None, -1))(directions)


def _run(step: Step, start: Array, inputs: PyTree, counted: Array | None) -> Float[Array, "L d"]:
    """Run an interval, and return the states after each step."""

    def body(y: Array, x: tuple[PyTree, Array | None]) -> tuple[Array, Array]:
        inputs, moving = x
        if moving is None:
            stepped = step(y, inputs)
            return stepped, stepped
        # Beyond the window's end nothing moves. What is computed there is the interval's first
        # step once more, as an impossible step would make gradients NaN.
        stepped = step(jnp.where(moving, y, jax.lax.stop_gradient(start)), inputs)
        stepped = jnp.where(moving, stepped, y)
        return stepped, stepped

    return jax.lax.scan(body, start, (inputs, counted))[1]
