"""What there is to say about the decisions of a run, in plain words: on a screen and in a page."""

import math
from typing import TYPE_CHECKING

from parasim import _text

if TYPE_CHECKING:
    from parasim.simulation import Explanation, Outlook, Stretch


def headline(explanation: "Explanation") -> str:
    """Say how many steps and windows there are."""
    one = explanation.windows == 1
    windows = f"{_text.count(explanation.windows)} window{'' if one else 's'}"
    span = _text.quantity(explanation.window_time, explanation.time_unit)
    return (
        f"{_text.count(explanation.steps)} steps in {windows} of up to "
        f"{_text.count(explanation.window_steps)} ({span}), {explanation.status}"
    )


def stretch_headings(explanation: "Explanation") -> tuple[str, ...]:
    """Return what the columns of `stretch_row` are."""
    unit = explanation.time_unit
    return ("windows", "until" + ("" if unit == "1" else f" ({unit})"), "how", "speed", "why")


def stretch_row(stretch: "Stretch") -> tuple[str, ...]:
    """Say which windows were found how, how fast, and why so."""
    numbers = _text.count(stretch.first)
    if stretch.windows > 1:
        numbers += f"-{_text.count(stretch.first + stretch.windows - 1)}"
    speed = stretch.steps / stretch.cost if stretch.cost > 0 else math.nan
    return (numbers, _text.number(stretch.end), stretch.how, f"{speed:.2g}", stretch.reason)


def sentences(explanation: "Explanation") -> list[tuple[str, str]]:
    """Say what the decisions add up to, and what the other choice would have cost."""
    said = [
        ("steps", _steps(explanation)),
        ("took", _took(explanation)),
        ("wasted", _wasted(explanation)),
        ("if stepped", _if_stepped(explanation)),
        ("if parallel", _if_parallel(explanation)),
        ("iterations", _iterations(explanation)),
        ("growth", _growth(explanation.outlook, explanation.time_unit)),
        ("decided by", _text.settings(explanation.decision)),
        ("device", _device(explanation)),
    ]
    return [(label, text) for label, text in said if text]


def _steps(explanation: "Explanation") -> str:
    total, parallel = explanation.steps, explanation.parallel_steps
    if not parallel:
        text = "all were made one after the other"
    elif parallel == total:
        text = "all were found in parallel"
    else:
        text = f"{_text.count(parallel)} were found in parallel ({parallel / total:.0%}), "
        text += f"{_text.count(total - parallel)} made one after the other"
    if explanation.fell_back:
        windows = _windows(explanation.fell_back)
        text += f"; {windows} began in parallel, and the rest was stepped through"
    return text


def _took(explanation: "Explanation") -> str:
    cost = _text.count(explanation.cost)
    if _as_stepped(explanation):
        return f"{cost} steps' time, that of stepping"
    speed = explanation.speed
    how = f"{speed:.2g} times as fast as" if speed > 1 else f"{1 / speed:.3g} times as long as"
    return f"{cost} steps' time, as reckoned: {how} stepping"


def _as_stepped(explanation: "Explanation") -> bool:
    return not explanation.parallel_steps and not explanation.fell_back


def _wasted(explanation: "Explanation") -> str:
    if _as_stepped(explanation):
        return ""
    if not explanation.wasted:
        return "nothing: all that was tried in parallel was faster than stepping"
    share = explanation.wasted / explanation.steps
    return (
        f"{_text.count(explanation.wasted)} steps' time ({share:.1%} of stepping), in attempts "
        "that were slower than stepping"
    )


def _if_stepped(explanation: "Explanation") -> str:
    return "the same" if _as_stepped(explanation) else _text.count(explanation.steps)


def _if_parallel(explanation: "Explanation") -> str:
    known = explanation.parallel_known
    if known == explanation.windows == explanation.parallel_windows:
        return "the same"
    if known:
        ratio = explanation.parallel_cost
        known_steps = _text.count(ratio * explanation.steps)
        where = "" if known == explanation.windows else f", judging by {_windows(known)}"
        return f"{known_steps}, {ratio:.2g} times stepping, as it was or was predicted{where}"
    least = explanation.guess_cost + explanation.iteration_cost
    iteration = (
        "one Newton iteration on a window takes as long as "
        f"{_text.count(explanation.iteration_cost)} steps, and the window has "
        f"{_text.count(explanation.window_steps)}"
    )
    if least > explanation.window_steps:
        return f"at least {least / explanation.window_steps:.2g} times as long: {iteration}"
    return f"not known, as it was not tried: {iteration}"


def _iterations(explanation: "Explanation") -> str:
    if not explanation.predicted_windows:
        return ""
    made = explanation.iterations / explanation.predicted_windows
    predicted = explanation.predicted_iterations / explanation.predicted_windows
    return f"{made:.3g} in a parallel window on average, {predicted:.3g} were predicted"


def _growth(outlook: "Outlook", unit: str) -> str:
    """Say what the exponent means to somebody who never heard of one."""
    per = f"per {'time unit' if unit == '1' else unit}"
    if not outlook.measured:
        return "never measured; of windows that are stepped through, one in 32 is"
    if outlook.kind == "unknown":
        windows = _windows(outlook.measured)
        value = f"{outlook.exponent:.3g}"
        if math.isfinite(outlook.error):
            value = _text.uncertain(outlook.exponent, outlook.error)
        return f"{value} {per}, in {windows}: too few for a verdict; `parasim lyapunov` gives one"
    text = f"{_text.uncertain(outlook.exponent, outlook.error)} {per}: {_meaning(outlook, unit)}"
    if outlook.has_changed:
        last = _text.uncertain(outlook.lately, outlook.lately_error)
        text += f". It has changed: {last} in the last ten windows or so"
    return text


def _meaning(outlook: "Outlook", unit: str) -> str:
    if outlook.kind == "neutral":
        return "predictable; small differences hardly grow or shrink"
    folding = _duration(outlook.folding_time, unit)
    if outlook.kind == "predictable":
        return f"predictable; small differences shrink to a third (1/e) in {folding}"
    return (
        f"chaotic; small differences become three times (e) as large in {folding}. From what is "
        f"known to 1%, forecasts end after some {_duration(outlook.measurement_horizon, unit)}; "
        f"rounding decides after {_duration(outlook.rounding_horizon, unit)}"
    )


def _duration(value: float, unit: str) -> str:
    return f"{value:.2g} {'time units' if unit == '1' else unit}"


def _device(explanation: "Explanation") -> str:
    platform, device = explanation.platform, explanation.device
    name = platform if device.lower() == platform.lower() else f"{platform}, {device}"
    host = explanation.costs.get("host_step")
    step = explanation.costs["step"] if host is None else host
    where = "" if host is None else " on the host's CPU, where windows are stepped through,"
    iteration, level, work = (
        f"{explanation.costs[part] / step:.3g}" for part in ("iteration", "level", "work")
    )
    return (
        f"{name}; in units of a step{where} an iteration takes {iteration}, {level} more for every "
        f"doubling of the window and {work} for every step of it"
    )


def _windows(count: int) -> str:
    return "1 window" if count == 1 else f"{_text.count(count)} windows"
