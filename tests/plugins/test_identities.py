"""Identities of Lyapunov exponents: of every built-in system that is a flow, and a Hamiltonian one.

The order of convergence of the integrators is measured in tests/diffrax_conformance/test_order.py,
exponents of linear systems in tests/integrators/exponents/test_lyapunov.py.
"""

import jax.numpy as jnp
import numpy as np
import pytest

from parasim.plugins import system_names
from parasim.testing import ExponentTests
from parasim.testing._exponents import Case, Flow, measure
from tests.problems import PREDICTABLE

# The step, the end, and the part that is not counted.
RUNS = {
    "energy-balance": (0.1, 400.0, 200.0),
    "fitzhugh-nagumo": (0.05, 1000.0, 200.0),
    "hodgkin-huxley": (0.01, 400.0, 100.0),
    "lorenz63": (0.01, 400.0, 40.0),
    "lorenz96": (0.02, 1000.0, 100.0),
    "stuart-landau": (0.02, 200.0, 20.0),
    "van-der-pol": (0.02, 400.0, 40.0),
}
OPTIONS = {"lorenz96": (("sites", 6),)}
# One at rest, one on a limit cycle of the plane, and one in chaos.
FAST = ("energy-balance", "fitzhugh-nagumo", "lorenz63")


def test_every_run_is_of_a_system():
    assert set(RUNS) <= set(system_names())


class TestEveryFlow(ExponentTests):
    @pytest.fixture(
        params=[n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in RUNS]
    )
    def case(self, request):
        name = request.param
        return Case(name, OPTIONS.get(name, ()), *RUNS[name])

    @pytest.mark.slow
    def test_coordinates_do_not_matter(self, case):
        super().test_coordinates_do_not_matter(case)

    @pytest.mark.slow
    def test_exponents_are_rates_in_the_unit_of_time(self, case):
        super().test_exponents_are_rates_in_the_unit_of_time(case)

    @pytest.mark.slow
    def test_parallel_and_sequential_agree(self, case):
        super().test_parallel_and_sequential_agree(case)


def test_exponents_of_a_hamiltonian_system_are_pairs():
    """Two of them are zero, of the flow and of the energy; this orbit is chaotic."""
    problem = PREDICTABLE["Henon-Heiles"]
    flow = Flow(problem.vector_field, jnp.array([0.0, -0.15, 0.48, 0.0]))
    result = measure(flow, Case("Henon-Heiles", (), 0.05, 4000.0, 400.0))
    values, errors = np.asarray(result.values), np.asarray(result.standard_error)
    assert np.all(np.abs(values + values[::-1]) < 3 * errors)
    assert np.sum(values) == pytest.approx(0, abs=1e-8)
