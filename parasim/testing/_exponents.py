"""Identities of Lyapunov exponents, which a wrong Jacobian or a wrong sign does not survive."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from parasim.integrators import Exponents, ParallelNewton, lyapunov
from parasim.plugins import get_system


class Case(NamedTuple):
    """A system, and a run that resolves it.

    Attributes:
        name: of the system.
        options: its structural options, as items.
        dt: the step.
        t1: the end of the run.
        transient: the first part of it, which is not counted.
    """

    name: str
    options: tuple[tuple[str, int], ...]
    dt: float
    t1: float
    transient: float


class Flow(NamedTuple):
    """A vector field on vectors."""

    vector_field: Any
    y0: Any


class ExponentTests:
    """Tests of an autonomous system whose exponents can be measured; they take seconds to minutes.

    Attributes:
        name: of the system, as it is installed.
        options: its structural options.
        dt: a step that resolves it, in its unit of time.
        t1: the end of the run, so long that exponents have settled.
        transient: the first part of it, which is not counted.
    """

    name: ClassVar[str]
    options: ClassVar[Mapping[str, int]] = {}
    dt: ClassVar[float]
    t1: ClassVar[float]
    transient: ClassVar[float]

    @pytest.fixture
    def case(self) -> Case:
        """Return the run under test; override it to run the tests for several."""
        return Case(self.name, tuple(self.options.items()), self.dt, self.t1, self.transient)

    @pytest.fixture(autouse=True)
    def _float64(self):
        with jax.enable_x64(True):
            yield

    def test_the_sum_of_the_exponents_is_the_mean_divergence(self, case):
        divergence = _mean_divergence(case)[0]
        assert _sum(_measured(case)) == pytest.approx(divergence, rel=1e-6, abs=_chance(case))

    def test_a_flow_that_moves_has_one_zero_exponent_and_at_rest_those_of_its_jacobian(self, case):
        """In the plane the other exponent is the mean divergence."""
        flow, result = _flow(case), _measured(case)
        divergence, y = _mean_divergence(case)
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

    def test_coordinates_do_not_matter(self, case):
        """What they do to the length of a tangent is bounded, whatever the time."""
        result, size = _measured(case), _flow(case).y0.size
        matrix = np.eye(size) + 0.3 * np.random.default_rng(0).standard_normal((size, size))
        skewed = measure(_transformed(case, matrix), case)
        bound = 2 * np.log(np.linalg.cond(matrix)) / (case.t1 - case.transient)
        _assert_within_errors(skewed, result, bound)
        assert _sum(skewed) == pytest.approx(_sum(result), rel=1e-5, abs=_chance(case))

    def test_exponents_are_rates_in_the_unit_of_time(self, case):
        result, pace = _measured(case), 5.0
        faster = measure(_transformed(case, np.eye(_flow(case).y0.size), pace), case, pace=pace)
        rescaled = jax.tree.map(lambda rate: rate / pace, faster)
        _assert_within_errors(rescaled, result)
        assert _sum(rescaled) == pytest.approx(_sum(result), rel=1e-5, abs=_chance(case))

    def test_parallel_and_sequential_agree(self, case):
        parallel, sequential = measure(_flow(case), case, "parallel"), _measured(case)
        assert parallel.parallel > 0.9
        _assert_within_errors(parallel, sequential)
        assert _sum(parallel) == pytest.approx(_sum(sequential), rel=1e-6, abs=_chance(case))


@lru_cache
def _flow(case: Case) -> Flow:
    system = get_system(case.name, **dict(case.options))
    y0, unravel = ravel_pytree({name: jnp.asarray(leaf) for name, leaf in system.y0.items()})
    parameters = system.resolve()

    def vector_field(t, y, args):
        del args
        return ravel_pytree(system.rule(t, unravel(y), parameters))[0]

    return Flow(vector_field, y0)


def _transformed(case: Case, matrix: Any, pace: float = 1.0) -> Flow:
    """Return the flow of z, where y = P z, in a unit of time that is shorter by the pace."""
    flow, matrix = _flow(case), jnp.asarray(matrix)
    inverse = jnp.linalg.inv(matrix)

    def vector_field(t, z, args):
        y = jnp.sum(matrix * z[None], axis=-1)
        return pace * jnp.sum(inverse * flow.vector_field(t, y, args)[None], axis=-1)

    return Flow(vector_field, inverse @ flow.y0)


def measure(flow: Flow, case: Case, mode: str = "sequential", pace: float = 1.0) -> Exponents:
    """Return all exponents of a flow, in a unit of time that is shorter by the pace."""
    return lyapunov(
        flow.vector_field,
        ParallelNewton(steps=128, mode=mode),
        0,
        case.t1 / pace,
        case.dt / pace,
        flow.y0,
        None,
        exponents=None,
        transient=case.transient / pace,
    )


@lru_cache
def _measured(case: Case) -> Exponents:
    return measure(_flow(case), case)


@lru_cache
def _mean_divergence(case: Case) -> tuple[float, Any]:
    """Return the mean over the counted time, and the state at its end."""
    flow, result = _flow(case), _measured(case)

    def augmented(t, y, args):
        state, _ = y
        jacobian = jax.jacfwd(lambda y: flow.vector_field(t, y, args))(state)
        return flow.vector_field(t, state, args), jnp.trace(jacobian)

    times = np.asarray(result.times)
    end = float(times[-1])
    begin = end - 32 * float(times[1] - times[0])
    saved: Any = diffrax.diffeqsolve(
        diffrax.ODETerm(augmented),
        diffrax.Tsit5(),
        0.0,
        end,
        case.dt,
        (flow.y0, jnp.zeros(())),
        saveat=diffrax.SaveAt(ts=jnp.array([begin, end])),
        max_steps=None,
    ).ys
    states, integrals = saved
    return float(integrals[1] - integrals[0]) / (end - begin), states[1]


def _chance(case: Case) -> float:
    """Return by how much the sum may differ between orbits that rounding has parted.

    That is nothing without chaos, and where the divergence is the same everywhere.
    """
    flow, result = _flow(case), _measured(case)
    errors = np.asarray(result.standard_error)
    chaotic = np.asarray(result.values)[0] > 3 * errors[0]

    def divergence(y: Any) -> Any:
        return jnp.trace(jax.jacfwd(lambda y: flow.vector_field(0.0, y, None))(y))

    here, there = (float(divergence(y)) for y in (flow.y0, _mean_divergence(case)[1]))
    same = abs(here - there) <= 1e-9 * abs(here)
    return 3 * float(np.linalg.norm(errors)) if chaotic and not same else 0.0


def _sum(result: Exponents) -> float:
    return float(np.sum(np.asarray(result.values)))


def _assert_within_errors(one: Exponents, other: Exponents, bound: float = 1e-9) -> None:
    errors = np.hypot(np.asarray(one.standard_error), np.asarray(other.standard_error))
    difference = np.abs(np.asarray(one.values) - np.asarray(other.values))
    assert np.all(difference <= 3 * errors + bound), (difference, errors, bound)
