"""Identities of Lyapunov exponents: of every built-in system that is a flow, and a Hamiltonian one.

The order of convergence of the integrators is measured in tests/diffrax_conformance/test_order.py,
exponents of linear systems in tests/integrators/exponents/test_lyapunov.py.
"""

import jax.numpy as jnp
import numpy as np
import pytest

from parasim.plugins import get_system, system_names
from parasim.testing import ExponentTests
from parasim.testing._exponents import Case, Flow, measure
from tests.problems import PREDICTABLE

# The step, the end, and the part that is not counted.
RUNS = {
    "barotropic": (0.04, 30.0, 10.0),
    "budyko-sellers": (0.05, 400.0, 200.0),
    "energy-balance": (0.1, 400.0, 200.0),
    "fitzhugh-nagumo": (0.05, 1000.0, 200.0),
    "hindmarsh-rose": (0.05, 20000.0, 1000.0),
    "hodgkin-huxley": (0.01, 400.0, 100.0),
    "hopf-network": (0.1, 4000.0, 1000.0),
    "jansen-rit": (0.001, 40.0, 10.0),
    "kuramoto": (0.02, 400.0, 40.0),
    "kuramoto-sivashinsky": (0.01, 400.0, 40.0),
    "lorenz63": (0.01, 400.0, 40.0),
    "lorenz84": (0.02, 4000.0, 40.0),
    "lorenz96": (0.02, 1000.0, 100.0),
    "lorenz96-two-scale": (0.002, 400.0, 10.0),
    "morris-lecar": (0.05, 4000.0, 1000.0),
    "recharge-oscillator": (0.1, 4000.0, 1000.0),
    "stommel": (0.02, 200.0, 100.0),
    "stuart-landau": (0.02, 200.0, 20.0),
    "vallis": (0.01, 400.0, 40.0),
    "van-der-pol": (0.02, 400.0, 40.0),
    "wilson-cowan": (0.05, 8000.0, 800.0),
}
OPTIONS = {
    "barotropic": (("points", 16),),
    "budyko-sellers": (("bands", 6),),
    "hopf-network": (("regions", 3),),
    "kuramoto": (("oscillators", 5),),
    "kuramoto-sivashinsky": (("points", 16),),
    "lorenz96": (("sites", 6),),
    "lorenz96-two-scale": (("sites", 4), ("fast", 2)),
}
# Along a symmetry or a conserved quantity there are other exponents of zero, or pairs of exponents.
SYMMETRIC = ("hopf-network", "kuramoto", "kuramoto-sivashinsky")
LARGE = ("barotropic",)  # and symmetric: only the sum is looked at
# One at rest, one on a limit cycle of the plane, and one in chaos.
FAST = ("energy-balance", "fitzhugh-nagumo", "lorenz63")


def test_every_flow_without_jumps_has_a_run():
    systems = map(get_system, system_names())
    assert set(RUNS) == {s.name for s in systems if s.vector_field and not s.resets}


def case_of(name):
    return Case(name, OPTIONS.get(name, ()), *RUNS[name])


class TestEveryFlow(ExponentTests):
    @pytest.fixture(
        params=[
            n if n in FAST else pytest.param(n, marks=pytest.mark.slow)
            for n in RUNS
            if n not in SYMMETRIC + LARGE
        ]
    )
    def case(self, request):
        return case_of(request.param)

    @pytest.mark.slow
    def test_coordinates_do_not_matter(self, case):
        super().test_coordinates_do_not_matter(case)

    @pytest.mark.slow
    def test_exponents_are_rates_in_the_unit_of_time(self, case):
        super().test_exponents_are_rates_in_the_unit_of_time(case)

    @pytest.mark.slow
    def test_parallel_and_sequential_agree(self, case):
        super().test_parallel_and_sequential_agree(case)


@pytest.mark.slow
class TestSymmetricFlows(ExponentTests):
    test_a_flow_that_moves_has_one_zero_exponent_and_at_rest_those_of_its_jacobian = None

    @pytest.fixture(params=SYMMETRIC)
    def case(self, request):
        return case_of(request.param)


@pytest.mark.slow
class TestLargeFlows(TestSymmetricFlows):
    test_coordinates_do_not_matter = None
    test_exponents_are_rates_in_the_unit_of_time = None
    test_parallel_and_sequential_agree = None

    @pytest.fixture(params=LARGE)
    def case(self, request):
        return case_of(request.param)


def test_exponents_of_a_hamiltonian_system_are_pairs():
    """Two of them are zero, of the flow and of the energy; this orbit is chaotic."""
    problem = PREDICTABLE["Henon-Heiles"]
    flow = Flow(problem.vector_field, jnp.array([0.0, -0.15, 0.48, 0.0]))
    result = measure(flow, Case("Henon-Heiles", (), 0.05, 4000.0, 400.0))
    values, errors = np.asarray(result.values), np.asarray(result.standard_error)
    assert np.all(np.abs(values + values[::-1]) < 3 * errors)
    assert np.sum(values) == pytest.approx(0, abs=1e-8)
