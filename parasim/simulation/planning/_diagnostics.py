"""What a store says about each window of a run."""

import re
from typing import Any

import numpy as np

from parasim.integrators import REASONS
from parasim.io._layout import Field

MODES = ("sequential", "parallel")


def window_fields(time_unit: str, dtype: np.dtype) -> tuple[Field, ...]:
    """Return the arrays along the dimension `window`.

    Arguments:
        time_unit: of the run.
        dtype: of the state.
    """
    rate_unit = "1" if time_unit == "1" else f"1/{time_unit}"

    def field(name: str, kind: str, description: str, **attributes: Any) -> Field:
        attributes |= {"long_name": description, "coordinates": "window_time"}
        return Field(name, along="window", dtype=np.dtype(kind), attributes=attributes)

    return (
        field("growth_rate", dtype.name, "finite-time Lyapunov growth rate", units=rate_unit),
        field("exponent", dtype.name, "running largest Lyapunov exponent", units=rate_unit),
        field("exponent_error", dtype.name, "standard error of the exponent", units=rate_unit),
        field("mode", "int8", "what delivered the window", **_flags(MODES)),
        field("reason", "int8", "why this mode was chosen", **_flags(REASONS)),
        field("fell_back", "int8", "stepped through from somewhere on", **_flags(("no", "yes"))),
        field("parallel_steps", "int32", "steps that Newton's method delivered", units="1"),
        field("iterations", "int32", "Newton iterations", units="1"),
        field("predicted_iterations", dtype.name, "iterations expected in parallel", units="1"),
        field("gain", dtype.name, "expected speed, relative to stepping", units="1"),
        field("cost", dtype.name, "reckoned time, in sequential steps", units="1"),
        field("wasted", dtype.name, "of it, in pieces slower than stepping", units="1"),
        field(
            "update",
            dtype.name,
            "largest last Newton update, in units of the tolerance",
            units="1",
        ),
    )


def _flags(meanings: tuple[str, ...]) -> dict[str, Any]:
    """Return the CF attributes of a variable whose values are numbers of meanings."""
    words = [re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_") for text in meanings]
    return {"flag_values": list(range(len(words))), "flag_meanings": " ".join(words)}


def window_rows(records: Any, ensemble: bool) -> dict[str, np.ndarray]:
    """Turn the records of some windows into rows of the arrays of `window_fields`.

    Arguments:
        records: a `WindowRecord` of numpy arrays, shape (windows,) or (windows, runs).
        ensemble: whether there are runs side by side.
    """

    def column(values: np.ndarray, kind: str | None = None) -> np.ndarray:
        moved = np.moveaxis(values, 1, 0) if ensemble else values
        return moved.astype(kind or values.dtype)

    return {
        "growth_rate": column(records.growth_rate),
        "exponent": column(records.exponent),
        "exponent_error": column(records.exponent_error),
        "mode": column(records.parallel, "int8"),
        "reason": column(records.reason, "int8"),
        "fell_back": column(records.fell_back, "int8"),
        "parallel_steps": column(records.parallel_steps, "int32"),
        "iterations": column(records.iterations, "int32"),
        "predicted_iterations": column(records.predicted_iterations),
        "gain": column(records.gain),
        "cost": column(records.cost),
        "wasted": column(records.wasted),
        "update": column(records.update),
    }
