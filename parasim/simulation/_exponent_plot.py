"""A picture of how exponents converge along a run."""

from pathlib import Path

import numpy as np

from parasim._errors import ConfigError, StoreError, near_names
from parasim.integrators import Exponents

_MOST_IN_LEGEND = 8


def check_picture(path: Path) -> None:
    """Refuse a picture that cannot be drawn, before anything is computed for it.

    Raises:
        ConfigError: there is no matplotlib, no such folder, or no such format.
    """
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise ConfigError(
            "a picture needs matplotlib, which is not installed: pip install 'parasim[plots]'"
        ) from error
    known = FigureCanvasBase.get_supported_filetypes()
    kind = path.suffix.removeprefix(".").lower()
    if kind not in known:
        hint = near_names(kind, known)
        raise ConfigError(f"{path} must end in the name of a format, such as .png: {hint}")
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent} for {path.name}: make it first")


def draw_convergence(path: Path, exponents: Exponents, *, title: str, time_unit: str) -> None:
    """Draw how far the estimates up to each time are from the last, with their standard errors.

    Arguments:
        path: of the picture, checked by `check_picture`; one that is there is replaced.
        exponents: one run's, not a batch.
        title: above the picture.
        time_unit: of the system; "1" if it has none.

    Raises:
        StoreError: the picture cannot be written.
    """
    from matplotlib.figure import Figure

    times, history = np.asarray(exponents.times), np.asarray(exponents.history)
    errors = np.asarray(exponents.standard_error)
    counts = np.arange(1, len(times) + 1)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for place, estimates in enumerate(history.T):
        off, spread = estimates - estimates[-1], errors[place] * np.sqrt(len(times) / counts)
        label = f"{estimates[-1]:.4g} ± {errors[place]:.1g}" if place < _MOST_IN_LEGEND else None
        (line,) = axes.plot(times, off, label=label)
        axes.fill_between(times, off - spread, off + spread, color=line.get_color(), alpha=0.15)
    axes.axhline(0, color="0.5", linewidth=0.8)
    unit = "time" if time_unit == "1" else f"time ({time_unit})"
    per = "nats per unit of time" if time_unit == "1" else f"nats per {time_unit}"
    axes.set(xlabel=unit, ylabel=f"exponents up to then, off the last ({per})", title=title)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error}") from error
