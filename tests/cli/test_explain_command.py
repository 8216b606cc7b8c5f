"""`parasim explain`, in words and as JSON."""

import json
import math

import pytest

from parasim.cli._explanation import show_explanation
from parasim.simulation import Explanation, Outlook, Stretch

LORENZ = "run lorenz63 --out s.zarr --t1 1 --dt 0.01 --steps 16 --quiet "
CHAOS = Outlook(16, 0.906, 0.03, 0.9, 0.1, "chaotic", 1.104, 9.28, 5.08, 39.8)


def stretches(count):
    return tuple(
        Stretch(n + 1, 1, 1.0 + n, "stepped", "for a reason that takes quite a few words to tell",
                100, 0, 0, math.nan, 100.0, 0.0)
        for n in range(count)
    )  # fmt: skip


def explanation(**changes):
    values = {
        "title": "a system", "status": "complete", "time_unit": "ms", "platform": "gpu",
        "device": "NVIDIA H200", "decision": {"class": "parasim.PredictedTime", "margin": 0.05},
        "costs": {"step": 2.0, "iteration": 10.0, "level": 1.0, "work": 0.0}, "window_steps": 1024,
        "window_time": 10.24, "windows": 16, "steps": 16384, "parallel_windows": 14, "fell_back": 1,
        "parallel_steps": 15000, "cost": 4096.0, "wasted": 120.0, "iterations": 140,
        "predicted_iterations": 126.0, "predicted_windows": 14, "parallel_cost": 0.25,
        "parallel_known": 15, "iteration_cost": 8.5, "guess_cost": 128.0, "outlook": CHAOS,
        "stretches": stretches(2),
    }  # fmt: skip
    return Explanation(**(values | changes))


@pytest.fixture
def shown(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def show(everything=False, **changes):
        show_explanation(explanation(**changes), everything=everything)
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) <= 80
        return " ".join(text.split())

    return show


def test_a_run_that_was_stepped_says_why_and_what_parallel_would_cost(parasim):
    parasim(LORENZ + "--mode auto")
    result = parasim("explain s.zarr")
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    for part in ("100 steps in 7 windows of up to 16 (0.16), complete", "1-7 1 stepped",
                 "on this device parallel does not pay", "made one after the other",
                 "if stepped the same", "times as long: one Newton iteration", "never measured",
                 "PredictedTime (margin = 0.05"):  # fmt: skip
        assert part in text
    values = json.loads(parasim("explain s.zarr --json").output)
    assert values["cost"] == values["steps"] == 100
    assert values["speed"] == 1
    assert values["parallel_cost"] is None
    assert values["stretches"][0]["windows"] == 7


def test_it_says_where_stepping_is_reckoned(shown):
    costs = {"step": 2.0, "iteration": 10.0, "level": 1.0, "work": 0.0}
    assert "in units of a step an iteration takes 5," in shown(costs=costs)
    text = shown(costs=costs | {"host_step": 0.5})
    assert "of a step on the host's CPU, where windows are stepped through, an iteration" in text
    assert "takes 20, 2 more for every doubling" in text


def test_a_run_in_parallel_is_weighed_against_stepping(shown):
    text = shown()
    for part in ("15,000 were found in parallel (92%), 1,384 made one after the other",
                 "1 window began in parallel, and the rest was stepped through",
                 "took 4,096 steps' time, as reckoned: 4 times as fast as stepping",
                 "wasted 120 steps' time (0.7% of stepping)", "if stepped 16,384",
                 "4,096, 0.25 times stepping, as it was or was predicted, judging by 15 windows",
                 "10 in a parallel window on average, 9 were predicted",
                 "PredictedTime (margin = 0.05)", "gpu, NVIDIA H200",
                 "an iteration takes 5"):  # fmt: skip
        assert part in text
    assert "4 times as long as stepping" in shown(cost=65536.0)
    assert "wasted nothing" in shown(wasted=0.0)
    assert "if parallel the same" in shown(parallel_windows=16, parallel_known=16)
    untried = {"parallel_windows": 0, "parallel_steps": 0, "fell_back": 0, "parallel_known": 0}
    assert "not known, as it was not tried" in shown(**untried)


def test_growth_is_told_in_words(shown):
    text = shown()
    assert "0.906 ± 0.03 per ms: chaotic; small differences" in text
    assert "forecasts end after some 5.1 ms; rounding decides after 40 ms" in text
    calm = Outlook(16, -0.5, 0.01, -0.5, 0.01, "predictable", 2.0, -5.0, *[math.nan] * 2)
    assert "predictable; small differences shrink to a third (1/e) in 2 ms" in shown(outlook=calm)
    still = Outlook(16, 0.0, 0.01, 0.9, 0.01, "neutral", *[math.nan] * 4)
    assert "hardly grow or shrink. It has changed: 0.900 ± 0.01" in shown(outlook=still)
    few = Outlook(2, 4.2, math.inf, 4.2, 0.5, "unknown", *[math.nan] * 4)
    assert "4.2 per ms, in 2 windows: too few for a verdict; `parasim lyapunov`" in shown(
        outlook=few
    )


def test_what_is_long_is_cut_to_a_screen_unless_asked(shown):
    text = shown(stretches=stretches(30))
    assert "18 more: --all shows them" in text
    assert " 8 8 stepped" in text
    assert " 9 9 stepped" not in text
    assert "27 27 stepped" in text
    everything = shown(everything=True, stretches=stretches(30))
    assert " 9 9 stepped" in everything
    assert "--all" not in everything
    assert "--all" not in shown(stretches=stretches(13))


def test_a_run_without_windows_has_no_table(shown):
    text = shown(windows=0, steps=0, stretches=(), status="running")
    assert "0 steps in 0 windows" in text
    assert "stepped" not in text


@pytest.mark.parametrize("store", ["nothing", "folder"])
def test_anything_else_is_exit_code_4(parasim, tmp_path, store):
    (tmp_path / "folder").mkdir()
    result = parasim(f"explain {store}")
    assert result.exit_code == 4
    assert store in result.output
