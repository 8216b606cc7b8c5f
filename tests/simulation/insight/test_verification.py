"""What is measured of a system, and when it agrees with what is known."""

import numpy as np
import pytest

from parasim import ConfigError
from parasim.plugins import Truth
from parasim.simulation import verify_system
from parasim.simulation.insight._branches import Flow, special_points
from parasim.simulation.insight._measurements import Found
from parasim.simulation.insight._verification import compared


def verdict(value, error, found, found_error=0.0, **run):
    truth = Truth("period", value, error, run=run)
    found = np.asarray(found, float)
    return compared(truth, Found(found, np.broadcast_to(found_error, found.shape))).reason


@pytest.mark.parametrize(
    ("truth", "found", "reason"),
    [
        ((2.0, None), (2.0019,), ""),
        ((2.0, None), (2.0021,), "they differ"),
        ((2.0, 0.01), (2.029,), ""),
        ((2.0, 0.01), (2.031,), "they differ"),
        ((2.0, 0.01), (2.041, 0.01), ""),
        ((2.0, 0.01), (2.043, 0.01), "they differ"),
        ((2.0, 0.01), (2.0, 0.041), "it is too uncertain to tell"),
        ((2.0, None), (np.nan,), "it cannot be measured"),
        (((1.0, 2.0), None), ([1.0],), "there are 1 of them"),
        (((1.0, 2.0), None), ([1.0, 2.1],), "they differ"),
        ((2.0, 0.0), (2.0,), ""),
    ],
)
def test_values_agree_within_three_standard_errors_or_a_thousandth(truth, found, reason):
    assert verdict(*truth, *found) == reason


def normal_form(slope, derivatives):
    return Flow(["x", "y"], np.zeros(2), slope, derivatives)


def test_a_hopf_point_is_found_with_its_frequency():
    # The normal form, with the bifurcation at p = 0.3 and the frequency 2 / (2 pi).
    def slope(y, p):
        return np.array([(p - 0.3) * y[0] - 2 * y[1], (p - 0.3) * y[1] + 2 * y[0]]) - y * (y @ y)

    def derivatives(y, p):
        jacobian = np.array([[p - 0.3, -2.0], [2.0, p - 0.3]]) - (y @ y) * np.eye(2)
        return jacobian - 2 * np.outer(y, y), y

    (point,) = special_points(normal_form(slope, derivatives), -1.0, 1.0)
    assert point.kind == "hopf"
    assert point.parameter == pytest.approx(0.3, abs=1e-10)
    assert point.frequency == pytest.approx(1 / np.pi, abs=1e-10)


def test_a_branch_is_followed_around_its_folds():
    # x^3 - x = p turns at x = -+1/sqrt(3), where p = +-2 / 3^1.5; y only decays.
    def slope(y, p):
        return np.array([p - y[0] ** 3 + y[0], -y[1]])

    def derivatives(y, p):
        return np.array([[1 - 3 * y[0] ** 2, 0.0], [0.0, -1.0]]), np.array([1.0, 0.0])

    points = special_points(normal_form(slope, derivatives), -1.0, 1.0)
    assert [point.kind for point in points] == ["fold", "fold"]
    np.testing.assert_allclose([p.parameter for p in points], [-2 / 3**1.5, 2 / 3**1.5], rtol=1e-9)


def test_a_quantity_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="stommel is not known by 'period'"):
        verify_system("stommel", quantity="period")
