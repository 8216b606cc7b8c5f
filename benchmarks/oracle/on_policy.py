"""What the product itself spends, by its own reckoning."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from oracle.flows import Flow
from oracle.models import Model
from parasim import Method, ParallelNewton
from parasim.integrators import WindowIntegrator

# Compiling is most of the time here, of which nothing is measured.
_COMPILER = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}

# Sequential windows that are measured have an eighth of their steps made again (decision 6).
_SAMPLED_PART = 8


class Spent(NamedTuple):
    """A run of `mode="auto"`, window by window.

    Attributes:
        time: reckoned since the beginning, in the unit of the costs.
        measuring: of growth in sequential windows, since the beginning; not in `time`.
        parallel_steps: delivered by Newton's method in each window.
        iterations: in each.
        growth: the measured rate of each; NaN if not.
        reason: why it was so.
        finite: whether the last state is.
    """

    time: np.ndarray
    measuring: np.ndarray
    parallel_steps: np.ndarray
    iterations: np.ndarray
    growth: np.ndarray
    reason: np.ndarray
    finite: np.ndarray


def spent(
    flow: Flow,
    dt: float,
    model: Model,
    steps: int,
    window: int,
    interval: int,
    begins: Iterable[np.ndarray],
) -> list[Spent]:
    """Run `mode="auto"` with the costs of a model from each of these states."""
    costs = model.costs(flow.y0.size, interval)
    solver = ParallelNewton(
        mode="auto", steps=window, method=Method(interval=interval), costs=costs
    )
    integrator = WindowIntegrator(solver, flow.vector_field, 0.0, dt)

    def one(carry, start: Array):
        history, y = carry
        states, history, record = integrator(history, y, None, start, window)
        return (history, states[-1]), (history.spent, record)

    @partial(jax.jit, compiler_options=_COMPILER)
    def run(y0: Array):
        starts = window * jnp.arange(steps // window)
        return jax.lax.scan(one, (integrator.init(y0, window), y0), starts)[1]

    def one_run(begin: np.ndarray) -> Spent:
        time, record = jax.device_get(run(jnp.asarray(begin)))
        sampled = (record.iterations == 0) & ~np.isnan(record.growth_rate)
        each = window / _SAMPLED_PART * (1 + model.tangent) * costs.step
        return Spent(
            time,
            np.cumsum(sampled * each),
            record.parallel_steps,
            record.iterations,
            record.growth_rate,
            record.reason,
            record.finite,
        )

    return [one_run(begin) for begin in begins]
