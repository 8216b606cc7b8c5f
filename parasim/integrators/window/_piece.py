"""A piece of a window, solved for by Newton's method on all of its steps at once."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from parasim.integrators.decision._costs import WindowMenu
from parasim.integrators.decision._decision import Choice
from parasim.integrators.decision._history import ANALOGUE, COARSE, Outcome
from parasim.integrators.method._method import Method
from parasim.integrators.method._propagator import Propagator
from parasim.integrators.newton._batch import all_members
from parasim.integrators.newton._growth import propagated_growth
from parasim.integrators.newton._guess import coarse_guess, constant_guess
from parasim.integrators.newton._intervals import Intervals
from parasim.integrators.newton._newton import NewtonOptions, Planned, newton
from parasim.integrators.window._walk_state import Steps, Walk, sliced


def solved_piece(
    steps: Steps, place: int, menu: WindowMenu, options: NewtonOptions, walk: Walk, choice: Choice
) -> tuple[Walk, Outcome]:
    """Solve for the next piece, and keep what has converged."""
    length = menu.sizes[place]
    position = walk.history.position
    inputs, remaining = sliced(steps.inputs, position, length), menu.steps - position
    coarse_inputs = sliced(
        steps.coarse_inputs, position // options.interval, -(-length // options.interval)
    )
    intervals = Intervals(
        steps.step,
        inputs,
        options.interval,
        remaining,
        coarse_inputs,
        options.method.mesh,
        steps.equations,
        fused=True,
    )
    guess, by_analogue = _guess(steps, walk, choice, intervals, options.method)
    planned = Planned(choice.iterations, choice.pace / options.interval)
    found = newton(intervals, walk.y, guess, options, planned, menu.most)
    states = intervals.states(intervals.starts(walk.y, found.ends), found.stages)
    accepted = jnp.minimum(found.prefix * options.interval, jnp.minimum(remaining, length))
    log_growth, tangent = _growth(options.method, found.propagator, walk.history.tangent)
    finite = jnp.all(jnp.isfinite(tangent))
    moved = (accepted > 0) & finite
    log_growth = jnp.where(accepted > 0, jnp.where(finite, log_growth, jnp.nan), 0)
    outcome = Outcome(
        place=jnp.asarray(place, jnp.int32),
        kind=jnp.where(by_analogue, ANALOGUE, COARSE),
        length=jnp.minimum(remaining, length),
        iterations=found.iterations,
        fronts=found.fronts * options.interval,
        accepted=accepted,
        log_growth=log_growth,
        tangent=jnp.where(moved, tangent, walk.history.tangent),
    )
    walk = walk._replace(
        y=jnp.where(accepted > 0, states[jnp.maximum(accepted - 1, 0)], walk.y),
        states=jax.lax.dynamic_update_slice_in_dim(walk.states, states, position, 0),
        update=jnp.maximum(walk.update, found.update),
        advancing=accepted > 0,
    )
    return walk, outcome


def remembered(walk: Walk, outcome: Outcome, menu: WindowMenu) -> Walk:
    """Add a piece to the history."""
    states = sliced(walk.states, walk.history.position, max(menu.sizes))
    history = walk.history.after_piece(outcome, menu)
    history = history._replace(past=history.past.with_more(states, outcome.accepted))
    return walk._replace(history=history)


def _growth(
    method: Method, propagator: Propagator, tangent: Float[Array, " d"]
) -> tuple[Float[Array, ""], Float[Array, " d"]]:
    """Return how a tangent grows through a piece, and what it becomes; NaN if nobody knows."""
    if method.structure.exact:
        return propagated_growth(method.structure, propagator, tangent)
    return jnp.full((), jnp.nan, tangent.dtype), jnp.full_like(tangent, jnp.nan)


def _guess(
    steps: Steps, walk: Walk, choice: Choice, intervals: Intervals, method: Method
) -> tuple[Float[Array, "M d"], Bool[Array, ""]]:
    """Return the first guess, and whether it is what followed an analogue."""
    past, position = walk.history.past, walk.history.position

    def first() -> Array:
        return _first_guess(steps, walk.y, position, intervals, method)

    if not past.room:
        return first(), jnp.array(False)
    by_analogue = all_members(choice.analogue >= 0)

    def analogue() -> Array:
        return past.continued(choice.analogue, intervals.count, intervals.length)

    return jax.lax.cond(by_analogue, analogue, first), by_analogue


def _first_guess(
    steps: Steps,
    y: Float[Array, " d"],
    position: Int[Array, ""],
    intervals: Intervals,
    method: Method,
) -> Float[Array, "M d"]:
    if steps.guess is not None:
        return intervals.last_of_each(sliced(steps.guess, position, intervals.steps))
    if steps.coarse_step is None or method.guess == "constant":
        return constant_guess(y, intervals.count)
    return coarse_guess(steps.coarse_step, y, intervals.coarse_inputs)
