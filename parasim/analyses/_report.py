"""What a run was like, in words."""

import xarray as xr

from parasim import _text
from parasim._errors import ConfigError
from parasim.analyses._growth import complete_windows
from parasim.analyses._run_record import run_record
from parasim.io import summarise_dataset
from parasim.io._window_words import cost_line, growth_line, windows_lines


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
    span = f"{_text.number(summary.first_time)} to "
    span += _text.quantity(summary.last_time, summary.time_unit)
    values = f"{_text.count(summary.rows)} values of {', '.join(summary.variables)}"
    growth = growth_line(summary) or "not measured"
    return _text.aligned(
        [
            ("run", run.attributes.get("title", "")),
            ("status", run.status),
            ("time", f"{span}, {values}"),
            ("windows", "\n".join(windows_lines(summary))),
            ("took", cost_line(summary)),
            ("growth", growth),
        ]
    )
