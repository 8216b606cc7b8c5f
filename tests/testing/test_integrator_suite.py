"""The suite for integrators: of every built-in one, and that it finds what is wrong."""

import diffrax
import pytest

from parasim.plugins._registry import names
from parasim.testing import IntegratorTests

ORDERS = {
    "bosh3": 3, "dopri5": 5, "dopri8": 8, "euler": 1, "heun": 2, "impliciteuler": 1,
    "kvaerno3": 3, "kvaerno4": 4, "kvaerno5": 5, "midpoint": 2, "ralston": 2,
    "trapezoidal": 2, "tsit5": 5,
}  # fmt: skip


def test_every_built_in_integrator_has_an_order():
    assert set(ORDERS) == set(names("integrators"))


@pytest.mark.slow
class TestEveryIntegrator(IntegratorTests):
    @pytest.fixture(params=ORDERS, autouse=True)
    def _each(self, request):
        self.name, self.order = request.param, ORDERS[request.param]


class Wrong(IntegratorTests):
    """Claims too much."""

    name = "heun"
    order = 3


def test_an_order_that_is_not_reached_is_found():
    with pytest.raises(AssertionError):
        Wrong().test_it_converges_with_its_order(diffrax.Heun())
