"""What `parasim analyze` can do, by name; a test compares it with `parasim.analyses`.

The functions themselves are not imported for it: that would take seconds at each `--help`.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """One line about an analysis, and the names of what `--set` can say."""

    line: str
    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


ANALYSES = {
    "ensemble-mean": Entry("mean over members, at each time", (), ("dims",)),
    "ensemble-spread": Entry("standard deviation over members", (), ("dims",)),
    "ensemble-quantiles": Entry("quantiles over members", (), ("quantiles", "dims")),
    "climatology": Entry(
        "mean by the phase of a period, or the calendar", (), ("period", "bins", "calendar")
    ),
    "running-mean": Entry("mean over successive values", ("length",), ("centred",)),
    "power-spectrum": Entry(
        "power by frequency (Welch)", (), ("segment", "overlap", "window", "detrend", "scaling")
    ),
    "autocorrelation": Entry("autocorrelation by lag", (), ("lags",)),
    "histogram": Entry("counts or density of values", (), ("bins", "edges", "dims", "density")),
    "spike-times": Entry("upward crossings of a threshold", ("threshold",), ("refractory",)),
    "interspike-intervals": Entry("times between spikes", ("threshold",), ("refractory",)),
    "spike-rate": Entry("spikes per unit of time", ("threshold",), ("refractory", "width")),
    "poincare-section": Entry(
        "the state where a variable passes a level", ("plane", "level"), ("direction", "at")
    ),
    "return-map": Entry("successive maxima, minima or values", (), ("points", "dim")),
    "growth-over-time": Entry("growth rate of each window, and its mean so far"),
    "recurrence": Entry(
        "which states are near, and how many", ("radius",), ("every", "metric", "dims")
    ),
}


def listed() -> str:
    """Return a table of the analyses and their options, for `--help`."""
    width = max(map(len, ANALYSES)) + 2
    lines = []
    for name, entry in ANALYSES.items():
        lines.append(f"  {name.ljust(width)}{entry.line}")
        options = [f"{option} (needed)" for option in entry.needed] + list(entry.optional)
        if options:
            lines.append(" " * (width + 2) + "--set " + ", ".join(options))
    return "\n".join(lines)
