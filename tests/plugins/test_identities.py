"""Identities of Lyapunov exponents, for every built-in system.

The order of convergence of the integrators is measured in tests/diffrax_conformance/test_order.py,
exponents of linear systems in tests/integrators/exponents/test_lyapunov.py.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from parasim import Exponents, ParallelNewton, lyapunov
from parasim.plugins import get_system, system_names
from tests.problems import PREDICTABLE


class Run(NamedTuple):
    """A time step that resolves a system, a run, and the part of it that is not counted."""

    dt: float
    t1: float
    transient: float


RUNS = {
    "energy-balance": Run(0.1, 400.0, 200.0),
    "fitzhugh-nagumo": Run(0.05, 1000.0, 200.0),
    "hodgkin-huxley": Run(0.01, 400.0, 100.0),
    "lorenz63": Run(0.01, 400.0, 40.0),
    "lorenz96": Run(0.02, 1000.0, 100.0),
    "stuart-landau": Run(0.02, 200.0, 20.0),
    "van-der-pol": Run(0.02, 400.0, 40.0),
}
OPTIONS = {"lorenz96": {"sites": 6}}

every_system = pytest.mark.parametrize("name", system_names())
# One at rest, one on a limit cycle of the plane, and one in chaos.
FAST = ("energy-balance", "fitzhugh-nagumo", "lorenz63")
every_system_some_slow = pytest.mark.parametrize(
    "name",
    [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in system_names()],
)


class Flow(NamedTuple):
    """A system on vectors z: dy/dt of y = P z, in a unit of time of 1 / c."""

    vector_field: Any
    y0: Any
    args: Any


@lru_cache
def _flow(name):
    system = get_system(name, **OPTIONS.get(name, {}))
    y0, unravel = ravel_pytree({key: jnp.asarray(leaf) for key, leaf in system.y0.items()})
    parameters = system.resolve()

    def vector_field(t, y, args):
        return ravel_pytree(system.vector_field(t, unravel(y), parameters))[0]

    return Flow(vector_field, y0, None)


def _transformed(name, matrix, pace=1.0):
    flow, matrix, inverse = _flow(name), jnp.asarray(matrix), jnp.linalg.inv(matrix)

    def vector_field(t, z, args):
        y = jnp.sum(matrix * z[None], axis=-1)
        return pace * jnp.sum(inverse * flow.vector_field(t, y, args)[None], axis=-1)

    return flow._replace(vector_field=vector_field, y0=inverse @ flow.y0)


def _measure(flow, run, mode="sequential", pace=1.0) -> Exponents:
    return lyapunov(
        flow.vector_field,
        ParallelNewton(steps=128, mode=mode),
        0,
        run.t1 / pace,
        run.dt / pace,
        flow.y0,
        flow.args,
        exponents=None,
        transient=run.transient / pace,
    )


@lru_cache
def _measured(name):
    return _measure(_flow(name), RUNS[name])


@lru_cache
def _mean_divergence(name):
    """Return the mean over the counted time, and the state at its end."""
    flow, result = _flow(name), _measured(name)

    def augmented(t, y, args):
        state, _ = y
        jacobian = jax.jacfwd(lambda y: flow.vector_field(t, y, args))(state)
        return flow.vector_field(t, state, args), jnp.trace(jacobian)

    end = float(result.times[-1])
    begin = end - 32 * float(result.times[1] - result.times[0])
    states, integrals = diffrax.diffeqsolve(
        diffrax.ODETerm(augmented),
        diffrax.Tsit5(),
        0.0,
        end,
        RUNS[name].dt,
        (flow.y0, jnp.zeros(())),
        saveat=diffrax.SaveAt(ts=jnp.array([begin, end])),
        max_steps=None,
    ).ys
    return float(integrals[1] - integrals[0]) / (end - begin), states[1]


def test_every_system_has_a_run():
    assert set(RUNS) == set(system_names())


@every_system_some_slow
def test_the_sum_of_the_exponents_is_the_mean_divergence(name):
    divergence = _mean_divergence(name)[0]
    assert _sum(_measured(name)) == pytest.approx(divergence, rel=1e-6)


@every_system_some_slow
def test_a_flow_that_moves_has_one_zero_exponent_and_at_rest_those_of_its_jacobian(name):
    """In the plane the other exponent is the mean divergence."""
    flow, result = _flow(name), _measured(name)
    divergence, y = _mean_divergence(name)
    values, errors = np.asarray(result.values), np.asarray(result.standard_error)
    if jnp.linalg.norm(flow.vector_field(0.0, y, None)) < 1e-9:
        jacobian = jax.jacfwd(lambda y: flow.vector_field(0.0, y, None))(y)
        rates = np.sort(np.linalg.eigvals(jacobian).real)[::-1]
        np.testing.assert_allclose(values, rates, rtol=1e-9)
        return
    zero = np.argmin(np.abs(values))
    assert abs(values[zero]) < 3 * errors[zero] + 1e-9
    assert errors[zero] < 0.05 * np.max(np.abs(values))
    assert np.all(np.abs(np.delete(values, zero)) > 3 * np.delete(errors, zero))
    if len(values) == 2:
        assert values[1] == pytest.approx(divergence, abs=3 * errors[0] + 1e-9)


@every_system
@pytest.mark.slow
def test_coordinates_do_not_matter(name):
    """What they do to the length of a tangent is bounded, whatever the time."""
    result, size = _measured(name), _flow(name).y0.size
    matrix = np.eye(size) + 0.3 * np.random.default_rng(0).standard_normal((size, size))
    skewed = _measure(_transformed(name, matrix), RUNS[name])
    time = RUNS[name].t1 - RUNS[name].transient
    bound = 2 * np.log(np.linalg.cond(matrix)) / time
    _assert_within_errors(skewed, result, bound)
    assert _sum(skewed) == pytest.approx(_sum(result), rel=1e-5)


@every_system
@pytest.mark.slow
def test_exponents_are_rates_in_the_unit_of_time(name):
    result, pace = _measured(name), 5.0
    faster = _measure(_transformed(name, np.eye(_flow(name).y0.size), pace), RUNS[name], pace=pace)
    rescaled = jax.tree.map(lambda rate: rate / pace, faster)
    _assert_within_errors(rescaled, result)
    assert _sum(rescaled) == pytest.approx(_sum(result), rel=1e-5)


@every_system
@pytest.mark.slow
def test_parallel_and_sequential_agree(name):
    parallel, sequential = _measure(_flow(name), RUNS[name], "parallel"), _measured(name)
    assert parallel.parallel > 0.9
    _assert_within_errors(parallel, sequential)
    assert _sum(parallel) == pytest.approx(_sum(sequential), rel=1e-6)


def _sum(result):
    return float(np.sum(result.values))


def _assert_within_errors(one, other, bound=1e-9):
    errors = np.hypot(one.standard_error, other.standard_error)
    difference = np.abs(np.asarray(one.values) - np.asarray(other.values))
    assert np.all(difference <= 3 * errors + bound), (difference, errors, bound)


def test_exponents_of_a_hamiltonian_system_are_pairs():
    """Two of them are zero, of the flow and of the energy; this orbit is chaotic."""
    problem = PREDICTABLE["Henon-Heiles"]
    y0 = jnp.array([0.0, -0.15, 0.48, 0.0])
    result = _measure(Flow(problem.vector_field, y0, None), Run(0.05, 4000.0, 400.0))
    values, errors = np.asarray(result.values), np.asarray(result.standard_error)
    assert np.all(np.abs(values + values[::-1]) < 3 * errors)
    assert np.sum(values) == pytest.approx(0, abs=1e-8)
