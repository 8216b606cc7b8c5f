"""An adaptive integration that keeps every step: diffrax's steps, with its `PIDController`.

The loop is not that of `diffrax.diffeqsolve`, which writes every step into the array of all. On a
CPU XLA hands the kernels of a loop with arrays of more than 512 bytes to a pool of threads, and the
small ones of a step then take 2.6 times as long (FitzHugh-Nagumo, Tsit5). Here steps are written
into small blocks, and these into the array.
"""

from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PyTree

from parasim.integrators.newton._compiler import small_block
from parasim.integrators.steps._diffrax_private import unwrapped
from parasim.integrators.steps._mesh import Mesh
from parasim.integrators.steps._tolerance import Tolerance, error_order


class AdaptivePass(NamedTuple):
    """What an adaptive integration found.

    Attributes:
        mesh: its accepted steps; it ends early where there were not slots enough.
        states: after each of them, along a leading axis; the last one in slots that are not used.
        attempts: how many steps it made, the rejected ones included.
    """

    mesh: Mesh
    states: PyTree
    attempts: Int[Array, ""]


class _Going(NamedTuple):
    """How far the integration has come.

    Attributes:
        start, stop: of the next attempt.
        y: the state at its start.
        solver_state, controller_state: diffrax's.
        accepted, attempts: how many there were since a block was begun.
        good: whether the solver has solved its equations in all that were accepted.
    """

    start: Any
    stop: Any
    y: PyTree
    solver_state: PyTree
    controller_state: PyTree
    accepted: Int[Array, ""]
    attempts: Int[Array, ""]
    good: Bool[Array, ""]


class _Steps(NamedTuple):
    """Accepted steps: where they end, and the states there."""

    ends: Array
    states: PyTree

    @classmethod
    def room(cls, t0: Any, y0: PyTree, count: int) -> "_Steps":
        """Return room for so many."""
        return cls(
            jnp.full(count, t0),
            jax.tree.map(lambda leaf: jnp.zeros((count, *leaf.shape), leaf.dtype), y0),
        )

    def written(self, more: "_Steps", place: Int[Array, ""]) -> "_Steps":
        """Return the same with more from a place on."""
        return jax.tree.map(
            lambda leaf, new: jax.lax.dynamic_update_slice_in_dim(leaf, new, place, 0), self, more
        )


class _Passed(NamedTuple):
    """What is known after some blocks.

    Attributes:
        going: how far the integration has come.
        steps: so far.
        accepted, attempts: how many there were.
    """

    going: _Going
    steps: _Steps
    accepted: Int[Array, ""]
    attempts: Int[Array, ""]


def adaptive_pass(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    t0: Any,
    t1: Any,
    y0: PyTree,
    tolerance: Tolerance,
    slots: int,
) -> AdaptivePass:
    """Integrate adaptively, and keep every step.

    Arguments:
        solver: the inner solver.
        terms, args: as diffrax hands them to a solver.
        t0, t1: where to start, and to end.
        y0: the state at the start.
        tolerance: of every step.
        slots: at most so many steps are tried.
    """
    controller = tolerance.controller
    stop, controller_state = _first_step(solver, terms, args, t0, t1, y0, controller)
    none = jnp.zeros((), jnp.int32)
    begun = _Going(
        t0,
        stop,
        y0,
        solver.init(terms, t0, stop, y0, args),
        controller_state,
        accepted=none,
        attempts=none,
        good=jnp.array(True),
    )
    block = small_block((t0, y0), slots)
    # As in diffrax no tiny step is left for the end.
    close = t1 - _CLOSE * jnp.finfo(t1.dtype).eps * jnp.abs(t1)

    def unfinished(going: _Going) -> Bool[Array, ""]:
        return (going.start < t1) & going.good

    def some(passed: _Passed) -> _Passed:
        room = jnp.minimum(block, slots - passed.attempts)

        def within(carry: tuple[_Going, _Steps]) -> Bool[Array, ""]:
            return unfinished(carry[0]) & (carry[0].attempts < room)

        def attempt(carry: tuple[_Going, _Steps]) -> tuple[_Going, _Steps]:
            going, few = carry
            place = going.accepted  # written again if this one is not accepted
            going = _attempted(going, solver, terms, args, t1, close, controller)
            one = jax.tree.map(lambda leaf: leaf[None], _Steps(going.start, going.y))
            return going, few.written(one, place)

        begun = passed.going._replace(accepted=none, attempts=none)
        going, few = jax.lax.while_loop(within, attempt, (begun, _Steps.room(t0, y0, block)))
        return _Passed(
            going,
            passed.steps.written(few, passed.accepted),
            passed.accepted + going.accepted,
            passed.attempts + going.attempts,
        )

    passed = jax.lax.while_loop(
        lambda passed: unfinished(passed.going) & (passed.attempts < slots),
        some,
        _Passed(begun, _Steps.room(t0, y0, slots + block), none, none),
    )
    made, going = jnp.arange(slots, dtype=jnp.int32) < passed.accepted, passed.going
    steps = jax.tree.map(
        lambda leaf, last: jnp.where(made.reshape(-1, *(1,) * last.ndim), leaf[:slots], last),
        passed.steps,
        _Steps(going.start, going.y),
    )
    mesh = Mesh.of_ends(t0, steps.ends, passed.accepted)
    return AdaptivePass(mesh, steps.states, passed.attempts)


def _attempted(
    going: _Going,
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    t1: Any,
    close: Any,
    controller: diffrax.PIDController,
) -> _Going:
    """Make one attempt, of a step that ends at t1 or before it is close to that."""
    y, error, _, solver_state, result = _stepped(
        solver, terms, going.start, going.stop, going.y, args, going.solver_state
    )
    error = jax.tree.map(lambda leaf: jnp.where(jnp.isnan(leaf), jnp.inf, leaf), error)
    kept, start, stop, _, controller_state, _ = controller.adapt_step_size(
        going.start,
        going.stop,
        going.y,
        y,
        args,
        error,
        error_order(solver, terms),
        going.controller_state,
    )
    kept, start = jnp.asarray(kept), jnp.minimum(start, t1)
    stop = jnp.where(stop > close, jnp.where(kept, t1, start + (t1 - start) / 2), stop)
    y, solver_state = jax.tree.map(
        lambda new, old: jnp.where(kept, new, old),
        (y, solver_state),
        (going.y, going.solver_state),
    )
    return _Going(
        start,
        stop,
        y,
        solver_state,
        controller_state,
        accepted=going.accepted + kept.astype(jnp.int32),
        attempts=going.attempts + 1,
        good=going.good & (~kept | diffrax.is_okay(result)),
    )


@eqx.filter_jit  # to be traced once, for all passes of a window
def _stepped(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    start: Any,
    stop: Any,
    y: PyTree,
    args: PyTree,
    state: PyTree,
) -> tuple[PyTree, PyTree, dict[str, PyTree], PyTree, diffrax.RESULTS]:
    return solver.step(terms, start, stop, y, args, state, made_jump=False)


def _first_step(
    solver: diffrax.AbstractSolver,
    terms: PyTree,
    args: PyTree,
    t0: Any,
    t1: Any,
    y0: PyTree,
    controller: diffrax.PIDController,
) -> tuple[Any, PyTree]:
    """Return where the first step ends, and the controller's state.

    The controller chooses where it is shown an `ODETerm`, and else answers 0.01; a window's terms
    are wrapped.
    """
    if isinstance(unwrapped(terms), diffrax.ODETerm):
        shown = diffrax.ODETerm(lambda t, y, args: terms.vf(t, y, args))
    else:
        shown = terms
    order = error_order(solver, terms)
    with jax.numpy_dtype_promotion("standard"):  # of times with complex states
        end, state = controller.init(shown, t0, t1, y0, None, args, solver.func, order)
    return jnp.minimum(end, t1), state


# In units of rounding.
_CLOSE = 100
