"""What a run was like, in words."""

import math

import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._growth import complete_windows
from parasim.analyses._run_record import run_record
from parasim.io import StoreSummary, summarise_dataset

_FEWEST_MEASURED = 8  # a standard error of fewer says nothing


def report(dataset: xr.Dataset) -> str:
    """Say how the windows of a run were computed, why, and how small differences grew.

    Arguments:
        dataset: all of what a run wrote, from a store or from memory.

    Raises:
        ConfigError: it was not made by parasim, or its windows are missing.
    """
    run = run_record(dataset)
    missing = [name for name in ("cost", "mode", "reason", "time") if name not in dataset.variables]
    if missing:
        raise ConfigError(
            f"the dataset does not say how its windows were computed ({missing[0]!r} is missing): "
            "give all of what a run wrote, not a part"
        )
    summary = summarise_dataset(complete_windows(dataset))
    unit = "" if summary.time_unit == "1" else f" {summary.time_unit}"
    lines = [
        run.attributes.get("title", ""),
        f"{run.status}: {summary.first_time:.7g} to {summary.last_time:.7g}{unit}, "
        f"{summary.rows:,} values of {', '.join(summary.variables)}",
        *_windows(summary),
        *_growth(summary),
    ]
    return "\n".join(line for line in lines if line)


def _windows(summary: StoreSummary) -> list[str]:
    stepped = summary.windows - summary.parallel
    lines = [f"windows: {stepped:,} sequential, {summary.parallel:,} parallel"]
    if summary.fell_back:
        lines[0] += f"; {summary.fell_back:,} fell back from parallel to sequential"
    lines += [f"  {count:,}: {reason}" for reason, count in summary.reasons.items()]
    if math.isfinite(summary.median_iterations):
        predicted = summary.median_predicted
        expected = f", {predicted:.3g} predicted" if math.isfinite(predicted) else ""
        lines.append(
            f"iterations: {summary.median_iterations:g} of Newton's method in the median parallel "
            f"window{expected}"
        )
    wasted = f", {summary.wasted:,.0f} of them wasted" if summary.wasted else ""
    return [*lines, f"took: as long as {summary.cost:,.0f} sequential steps{wasted}, as reckoned"]


def _growth(summary: StoreSummary) -> list[str]:
    if not summary.measured:
        return ["growth: not measured"]
    per = "time unit" if summary.time_unit == "1" else summary.time_unit
    text = f"growth: {summary.mean_growth_rate:.4g} per {per} on average, "
    text += f"measured in {summary.measured:,} window{'s' * (summary.measured > 1)}"
    if summary.measured >= _FEWEST_MEASURED:
        text += f"; {summary.exponent:.4g} ± {summary.exponent_error:.2g} in the last ten or so"
    return [text]
