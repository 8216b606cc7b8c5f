"""What a system may be known by."""

import pytest

from parasim import ConfigError
from parasim.plugins import QUANTITIES, System, Truth, get_system, system_names
from parasim.simulation.insight._measurements import _HOW


def system(**changes):
    given = {
        "name": "s", "initial_state": lambda params, seed: {}, "params": {}, "variables": {},
        "time_unit": "1", "description": "", "citation": "", "step": lambda n, y, args: y,
    }  # fmt: skip
    return System(**{**given, **changes})


def test_every_quantity_can_be_measured():
    assert set(_HOW) == set(QUANTITIES)


def test_what_built_in_systems_are_known_by_says_where_it_comes_from():
    for name in system_names():
        built = get_system(name)
        for truth in built.truth:
            assert truth.source
            assert truth.run
            for key in truth.settings:
                assert key in {**built.params, **built.options}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"quantity": "periods"}, "did you mean 'period'"),
        ({"quantity": "period", "status": "guessed"}, "no status 'guessed'"),
    ],
)
def test_a_truth_of_no_known_kind_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        Truth(value=1.0, **wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"step": None}, "give a vector_field, or the step"),
        ({"vector_field": lambda t, y, args: y}, "give a vector_field, or the step"),
        ({"dt": 0.1}, "the dt of a recurrence is 1"),
        ({"resets": (None,)}, "resets are of flows"),
    ],
)
def test_a_system_is_a_flow_or_a_recurrence(wrong, said):
    with pytest.raises(ConfigError, match=said):
        system(**wrong)


def test_the_step_of_a_recurrence_is_1():
    assert system().dt == 1.0
    assert system().is_recurrence
