"""What `parasim lyapunov` says."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from parasim import _text

if TYPE_CHECKING:
    from parasim.integrators import Exponents
    from parasim.simulation import Plan

_ROWS, _COLUMNS = 8, 6


def describe_exponents(plan: "Plan", exponents: "Exponents") -> str:
    """Say what the exponents are, how certain, and how they converged.

    Arguments:
        plan: what was measured.
        exponents: the result.
    """
    unit = plan.model.time_unit
    times = exponents.times.tolist()
    pairs = zip(exponents.values.tolist(), exponents.standard_error.tolist(), strict=True)
    first = times[0] - (times[1] - times[0])
    per = "time unit" if unit == "1" else unit
    blocks = f"{len(times)} blocks of {_text.quantity(times[1] - times[0], unit)}"
    share = float(exponents.parallel)
    lines = [
        ("system", f"{plan.model.name}: {plan.model.description}"),
        ("parameters", _text.pairs(plan.model.settings)),
        ("measured", f"from t = {_text.number(first)} to {_text.quantity(times[-1], unit)}, steps "
                     f"of {_text.quantity(plan.grid.dt, unit)}, {blocks}"),
        ("windows", f"{share:.0%} in parallel" if share else "sequential"),
        ("exponents", "\n".join(f"{_text.uncertain(*pair)} per {per}" for pair in pairs)),
        ("sum", _sum(plan, exponents)),
        ("dimension", _dimension(exponents)),
    ]  # fmt: skip
    return _text.aligned(lines) + "\n\n" + "\n".join(_convergence(exponents, unit))


def describe_measurement(plan: "Plan", count: int | None, plot: Path | None) -> str:
    """Say what would be measured.

    Arguments:
        plan: of what.
        count: how many exponents; None for all.
        plot: the picture that would be written.
    """
    unit = plan.model.time_unit
    lines = [
        ("system", f"{plan.model.name}: {plan.model.description}"),
        ("parameters", _text.pairs(plan.model.settings)),
        ("time", f"{_text.number(plan.grid.t0)} to {_text.quantity(plan.grid.t1, unit)}"),
        ("steps", f"{_text.count(plan.grid.steps)} of {_text.quantity(plan.grid.dt, unit)}"),
        ("exponents", "all" if count is None else _text.count(count)),
        ("picture", "" if plot is None else str(plot)),
    ]
    return _text.aligned(lines) + "\n\nNothing was measured or written (--dry-run)."


def measurement_record(plan: "Plan", count: int | None, plot: Path | None) -> dict[str, Any]:
    """Return what `describe_measurement` says, for JSON; arguments are the same."""
    return {
        "written": False,
        "system": plan.model.name,
        "settings": plan.model.settings,
        "t0": plan.grid.t0,
        "t1": plan.grid.t1,
        "dt": plan.grid.dt,
        "time_unit": plan.model.time_unit,
        "steps": plan.grid.steps,
        "exponents": "all" if count is None else count,
        "picture": plot,
    }


def exponents_record(plan: "Plan", exponents: "Exponents") -> dict[str, Any]:
    """Return the exponents for JSON, in nats per unit of time."""
    return {
        "system": plan.model.name,
        "settings": plan.model.settings,
        "time_unit": plan.model.time_unit,
        "dt": plan.grid.dt,
        "exponents": np.asarray(exponents.values),
        "standard_errors": np.asarray(exponents.standard_error),
        "dimension": float(exponents.dimension),
        "dimension_error": float(exponents.dimension_error),
        "parallel": float(exponents.parallel),
        "times": np.asarray(exponents.times),
        "history": np.asarray(exponents.history),
    }


def _sum(plan: "Plan", exponents: "Exponents") -> str:
    """Return the sum of all exponents, the mean divergence, if all were measured."""
    size = sum(np.size(leaf) for leaf in plan.model.named_leaves(plan.model.y0).values())
    total = float(np.sum(np.asarray(exponents.values)))
    if len(exponents.values) < size or size == 1:
        return ""
    return _text.rate(total, plan.model.time_unit)


def _dimension(exponents: "Exponents") -> str:
    value = float(exponents.dimension)
    if math.isnan(value):
        return "not known from so few exponents: choose more, or --exponents all"
    return f"{_text.uncertain(value, float(exponents.dimension_error))} (Kaplan-Yorke)"


def _convergence(exponents: "Exponents", unit: str) -> list[str]:
    """Return a table of the estimates up to some times."""
    times, history = np.asarray(exponents.times), np.asarray(exponents.history)[:, :_COLUMNS]
    chosen = np.unique(np.linspace(0, len(times) - 1, _ROWS).round().astype(int))
    heading = ["up to" + ("" if unit == "1" else f" ({unit})")]
    heading += [f"exponent {number}" for number in range(1, history.shape[1] + 1)]
    rows = [
        [_text.number(float(times[row])), *(f"{value:.5g}" for value in history[row])]
        for row in chosen
    ]
    return _text.columns([heading, *rows])
