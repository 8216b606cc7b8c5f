"""Steps that are solutions of equations: their stages are unknowns beside the states.

An implicit step has stages `p_1 ... p_K`, of which the last is the state after the step, that solve
`G(y, p) = 0` with y the state before it. Newton's method on the states and the stages of all steps
together linearises G once per iteration, at the stages of the last one:

    p_i = p_i' + P_i (y - y') + r_i

with y' and p' where it is linearised. So every step is an affine map of the state before it, and an
interval is a product of them. Nothing is solved to convergence inside an iteration.

Source: Deuflhard, Newton Methods for Nonlinear Problems, Springer 2004 (simultaneous instead of
nested iterations); Bellen & Zennaro, J. Comput. Appl. Math. 25 (1989) (all steps at once).
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from parasim.integrators.method._structure import Linearisation, product


class StageMap(NamedTuple):
    """How the stages of a step change with the state before it.

    Attributes:
        matrices: P, one per stage.
        offsets: r, what Newton's method adds to the stages where that state stays.
    """

    matrices: Float[Array, "*steps K d d"]
    offsets: Float[Array, "*steps K d"]


class StageEquations(eqx.Module):
    """The equations of the stages of a step.

    Attributes:
        linearised: takes the state before a step, its stages and its input; returns the map.
        places: where in their step the stages are, 0 to 1 from its beginning to its end.
    """

    linearised: Callable[[Array, Array, PyTree], StageMap]
    places: tuple[float, ...] = eqx.field(static=True)

    def on_chords(
        self,
        starts: Float[Array, "M d"],
        ends: Float[Array, "M d"],
        length: int,
        counted: Bool[Array, "M L"] | None,
    ) -> Float[Array, "M L K d"]:
        """Guess stages on straight lines from the states at the beginnings of intervals.

        Arguments:
            starts, ends: of the intervals.
            length: L.
            counted: which steps are made; None: all.
        """
        dtype = starts.dtype
        share = np.arange(length)[:, None] + np.asarray(self.places)
        steps = jnp.full(starts.shape[0], length, dtype)
        if counted is not None:
            steps = jnp.maximum(jnp.sum(counted, axis=1, dtype=jnp.int32), 1).astype(dtype)
        share = jnp.asarray(share, dtype)[None] / steps[:, None, None]
        chords = (ends - starts)[:, None, None, :]
        return starts[:, None, None, :] + jnp.clip(share, 0, 1)[..., None] * chords


def steps_before(
    starts: Float[Array, "M d"], stages: Float[Array, "M L K d"]
) -> Float[Array, "M L d"]:
    """Return the states before all steps: those after the steps before them."""
    return jnp.concatenate([starts[:, None], stages[:, :-1, -1]], axis=1)


def linearised_stages(
    maps: StageMap,
    counted: Bool[Array, "M L"] | None,
    starts: Float[Array, "M d"],
    before: Float[Array, "M L d"],
    stages: Float[Array, "M L K d"],
    coarse_inputs: PyTree,
) -> Linearisation:
    """Return the maps of all intervals, linearised at their starts and stages.

    Arguments:
        maps: of the stages of all steps.
        counted: which steps are made; None: all. The state stands still in the others.
        starts: the states at which the intervals begin.
        before: those before all steps.
        stages: of all steps.
        coarse_inputs: of a coarse step over each interval.
    """
    if counted is not None:
        unit = jnp.eye(starts.shape[1], dtype=starts.dtype)
        standing = StageMap(unit, before[:, :, None] - stages)
        moves = counted[:, :, None, None]
        maps = StageMap(
            jnp.where(moves[..., None], maps.matrices, standing.matrices),
            jnp.where(moves, maps.offsets, standing.offsets),
        )
    of_steps = jnp.swapaxes(maps.matrices[:, :, -1], 0, 1)
    added = jnp.swapaxes(maps.offsets[:, :, -1], 0, 1)

    def changes(first: Float[Array, "M d"]) -> tuple[Array, Array]:
        """Return how the states at the ends change, and those before all steps."""

        def body(change: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
            matrix, offset = step
            return product(matrix, change[..., None])[..., 0] + offset, change

        last, earlier = jax.lax.scan(body, first, (of_steps, added))
        return last, jnp.swapaxes(earlier, 0, 1)

    ends = stages[:, -1, -1] + changes(jnp.zeros_like(starts))[0]

    def push(directions: Array) -> tuple[Array, Array]:
        tangents = jnp.broadcast_to(directions, (*starts.shape, directions.shape[-1]))
        tangents = jax.lax.scan(lambda t, matrix: (product(matrix, t), None), tangents, of_steps)[0]
        return ends, tangents

    def moved(change: Float[Array, "M d"]) -> tuple[Array, Array]:
        stacked = jax.lax.collapse(maps.matrices, 2, 4)
        made = product(stacked, changes(change)[1][..., None]).reshape(stages.shape)
        change = made + maps.offsets
        return stages + change, change

    return Linearisation(starts, push, coarse_inputs, moved)


def sound_stages(
    stages: Float[Array, "M L K d"], starts: Float[Array, "M d"], bound: Float[Array, ""]
) -> Float[Array, "M L K d"]:
    """Let the stages of intervals that have none to go on from begin again, where these start."""
    sound = jnp.all(jnp.abs(stages) <= bound, axis=(1, 2, 3), keepdims=True)
    return jnp.where(sound, stages, starts[:, None, None, :])
