"""`parasim verify-system`: what it prints, and its exit codes."""

import dataclasses
import json

import pytest

from parasim.plugins import get_system
from parasim.simulation.insight import _verification


def test_it_prints_what_was_found_beside_what_is_known(parasim):
    result = parasim("verify-system stommel")
    assert result.exit_code == 0, result.output
    for part in ("fixed_points", "exact", "1.703514, 0.942449", "2.877898, 2.920325", "agrees"):
        assert part in result.output


def test_what_disagrees_is_named_and_is_exit_code_5(parasim, monkeypatch):
    system = get_system("stommel")
    (truth,) = system.truth
    states = ((1.7, 0.9), *truth.value[1:])
    other = dataclasses.replace(system, truth=(dataclasses.replace(truth, value=states),))
    monkeypatch.setattr(_verification, "get_system", lambda name: other)
    result = parasim("verify-system stommel --json")
    assert result.exit_code == 5
    (found,) = json.loads(result.output)
    assert found["agrees"] is False
    assert found["reason"] == "they differ"
    assert found["found"][0] == pytest.approx([1.703514, 0.942449], abs=1e-6)
    assert found["source"]


def test_a_system_without_truth_says_so(parasim):
    result = parasim("verify-system van-der-pol")
    assert result.exit_code == 0
    assert "not known by any number" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("verify-system stomel", "did you mean 'stommel'"),
        ("verify-system stommel --quantity fixed_point", "did you mean 'fixed_points'"),
        ("verify-system stommel --part 0", "--part"),
    ],
)
def test_errors_have_a_remedy(parasim, arguments, said):
    result = parasim(arguments)
    assert result.exit_code == 2
    assert said in result.output
