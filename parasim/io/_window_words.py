"""What is said of a run's windows: the words of `parasim run`, `info` and the report in Python."""

import math

from parasim import _text
from parasim.io._summary import StoreSummary

_FEWEST_MEASURED = 8  # a standard error of fewer says nothing


def delivered(windows: int, parallel: int, fell_back: int) -> str:
    """Say how many windows were stepped through, and how many found in parallel."""
    text = f"{_text.count(windows - parallel)} sequential, {_text.count(parallel)} parallel"
    if fell_back:
        text += f"; {_text.count(fell_back)} fell back from parallel to sequential"
    return text


def windows_lines(summary: StoreSummary) -> list[str]:
    """Say what delivered the windows, what Newton's method took, and why it was decided so."""
    lines = [delivered(summary.windows, summary.parallel, summary.fell_back)]
    if math.isfinite(summary.median_iterations):
        predicted = summary.median_predicted
        expected = f", {predicted:.3g} predicted" if math.isfinite(predicted) else ""
        said = f"{summary.median_iterations:g} Newton iterations in the median parallel window"
        lines.append(said + expected)
    return lines + [f"{_text.count(n)}: {reason}" for reason, n in summary.reasons.items()]


def cost_line(summary: StoreSummary) -> str:
    """Say what the windows took, as the decision reckons."""
    wasted = f", {_text.count(summary.wasted)} of them wasted" if summary.wasted else ""
    return f"as long as {_text.count(summary.cost)} sequential steps{wasted}, as reckoned"


def growth_line(summary: StoreSummary) -> str:
    """Say how small differences grew; nothing if that was not measured."""
    if not summary.measured:
        return ""
    rate = _text.rate(summary.mean_growth_rate, summary.time_unit)
    windows = "1 window" if summary.measured == 1 else f"{_text.count(summary.measured)} windows"
    text = f"{rate} on average, measured in {windows}"
    if summary.measured >= _FEWEST_MEASURED:
        last = _text.uncertain(summary.exponent, summary.exponent_error)
        text += f"; {last} in the last ten or so"
    return text
