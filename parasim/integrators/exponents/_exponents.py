"""Lyapunov exponents of a recurrence: tangents through all its windows, and their statistics."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from parasim.integrators.decision._history import History
from parasim.integrators.exponents._block_statistics import block_error, running_means
from parasim.integrators.exponents._exponent_layout import ExponentLayout
from parasim.integrators.exponents._kaplan_yorke import estimated_dimension
from parasim.integrators.exponents._tangents import (
    TangentGrowth,
    start_tangents,
    step_tangents,
    transport_tangents,
)
from parasim.integrators.newton._finite import all_finite
from parasim.integrators.newton._flatten import Flattening
from parasim.integrators.window._recurrence import Recurrence
from parasim.integrators.window._window import WindowSolver

# The growth of a tangent is known to a hundredth, or not at all.
_RESOLVED = 1e-2
# Where rounding exceeds the statistical error, it may be this part of the exponent in float32.
_NEGLIGIBLE = 1e-3

# From a state and the number of the step before it to the window that begins there.
WindowAt = Callable[[Array, PyTree], Recurrence]


class Exponents(eqx.Module):
    """Lyapunov exponents, in nats per unit of time (per step, for a scan), in descending order.

    Attributes:
        values: the k largest exponents, those of the steps that were made: what the step size does
            to them is not in the errors.
        standard_error: of `values`, from blocks; a bound of what rounding does is included.
        rounding_error: that bound. An exponent that rounding makes useless is NaN.
        dimension: the Kaplan-Yorke dimension. NaN if the k exponents do not suffice: ask for more.
        dimension_error: its standard error.
        times: the ends of the B blocks, in time (in steps, for a scan).
        history: the exponents from the end of the transient up to each of these times.
        blocks: the exponents within each block.
        parallel: the part of all windows that Newton's method delivered.
    """

    values: Float[Array, " k"]
    standard_error: Float[Array, " k"]
    rounding_error: Float[Array, " k"]
    dimension: Float[Array, ""]
    dimension_error: Float[Array, ""]
    times: Float[Array, " B"]
    history: Float[Array, "B k"]
    blocks: Float[Array, "B k"]
    parallel: Float[Array, ""]


class Findings(NamedTuple):
    """What went wrong, if anything.

    Attributes:
        state_windows: how many windows there were before the first with a state that is not finite;
            all of them if there is none.
        tangent_windows: likewise, of tangents.
        unresolved: which exponents are lost in rounding.
        rounded: which of them are limited by the rounding errors of less than 64 bits.
    """

    state_windows: Int[Array, ""]
    tangent_windows: Int[Array, ""]
    unresolved: Bool[Array, " k"]
    rounded: Bool[Array, " k"]


class _Grown(NamedTuple):
    """What became of the tangents in a window."""

    growth: TangentGrowth
    state_finite: Bool[Array, ""]
    tangents_finite: Bool[Array, ""]
    parallel: Bool[Array, ""]


def measure(
    solver: WindowSolver,
    window_at: WindowAt,
    y0: PyTree,
    layout: ExponentLayout,
    *,
    count: int,
    key: Array,
    start: Any,
    step_size: Any,
) -> tuple[Exponents, Findings]:
    """Measure the largest exponents along a run.

    Arguments:
        solver: of the windows.
        window_at: the windows.
        y0: the first state.
        layout: how the run is divided.
        count: k.
        key: for the tangents at the start.
        start: the time at the start.
        step_size: of a step, in time.
    """
    flattening = Flattening(y0)
    dtype = flattening.dtype
    step_size = jnp.asarray(step_size, dtype)
    grown = _through_all_windows(solver, window_at, y0, layout, count, key)
    measured = jax.tree.map(lambda leaf: leaf[layout.transient :], grown.growth)
    shape = (layout.blocks, layout.windows, count)
    blocks = jnp.sum(measured.log_growth.reshape(shape), axis=1) / (layout.block_steps * step_size)
    order = jnp.argsort(-jnp.mean(blocks, axis=0))
    blocks, lost = blocks[:, order], jnp.mean(measured.lost, axis=0)[order]
    epsilon = max(float(jnp.finfo(jnp.result_type(leaf)).eps) for leaf in jax.tree.leaves(y0))
    rounding = (epsilon + lost / layout.interval) / step_size
    findings = _findings(grown, blocks, lost, rounding, epsilon)
    ends = layout.transient * layout.window + layout.block_steps * jnp.arange(1, layout.blocks + 1)
    times = jnp.asarray(start, dtype) + ends.astype(dtype) * step_size
    parallel = jnp.mean(grown.parallel.astype(dtype))
    sound = jnp.all(grown.state_finite & grown.tangents_finite)
    wrong = findings.unresolved | findings.rounded | ~sound
    blocks = jnp.where(wrong[None], jnp.nan, blocks)
    return _result(blocks, rounding, times, parallel, flattening.size), findings


def _findings(
    grown: _Grown, blocks: Array, lost: Array, rounding: Array, epsilon: float
) -> Findings:
    limited = (rounding > block_error(blocks)) & (
        rounding > _NEGLIGIBLE * jnp.abs(jnp.mean(blocks, axis=0))
    )
    single = epsilon > jnp.finfo(jnp.float64).eps
    return Findings(
        state_windows=_before_the_first_not(grown.state_finite),
        tangent_windows=_before_the_first_not(grown.tangents_finite),
        unresolved=lost > _RESOLVED,
        rounded=limited & jnp.array(single),
    )


def _before_the_first_not(flags: Bool[Array, " windows"]) -> Int[Array, ""]:
    return jnp.sum(jnp.cumprod(flags.astype(jnp.int32)), dtype=jnp.int32)


def _result(blocks: Array, rounding: Array, times: Array, parallel: Array, size: int) -> Exponents:
    """Return the statistics of the blocks, which are NaN where something went wrong."""
    errors = jnp.hypot(block_error(blocks), rounding)
    dimension, dimension_error = estimated_dimension(blocks, errors, size)
    return Exponents(
        values=jnp.mean(blocks, axis=0),
        standard_error=errors,
        rounding_error=rounding,
        dimension=dimension,
        dimension_error=dimension_error,
        times=times,
        history=running_means(blocks),
        blocks=blocks,
        parallel=parallel,
    )


def _through_all_windows(
    solver: WindowSolver,
    window_at: WindowAt,
    y0: PyTree,
    layout: ExponentLayout,
    count: int,
    key: Array,
) -> _Grown:
    flattening = Flattening(y0)
    directions = start_tangents(key, count, flattening)
    together = _steps_together(solver, layout)
    history = None if together else solver.start(y0, layout.window)

    def body(
        carry: tuple[PyTree, Array, History | None], first: Array
    ) -> tuple[tuple[PyTree, Array, History | None], _Grown]:
        y0, directions, history = carry
        recurrence = window_at(first, y0)
        parallel = jnp.array(False)
        if history is None:
            y1, directions, growth = step_tangents(recurrence, y0, directions, layout.interval)
        else:
            y1, states, record, history = solver.solve(recurrence, y0, history)
            directions, growth = transport_tangents(
                recurrence, y0, states, directions, layout.interval
            )
            parallel = record.parallel
        sound = all_finite((directions, growth.log_growth))
        return (y1, directions, history), _Grown(growth, all_finite(y1), sound, parallel)

    starts = jnp.arange(layout.all_windows) * layout.window
    return jax.lax.scan(body, (y0, directions, history), starts)[1]


def _steps_together(solver: WindowSolver, layout: ExponentLayout) -> bool:
    """Say whether state and tangents are stepped together, as nothing is gained in parallel."""
    duration = jnp.asarray(layout.window, float)
    return solver.why_never(solver.menu(layout.window, duration)) is not None
