"""How exponents converge along a run."""

from typing import TYPE_CHECKING

import numpy as np

from parasim.analyses.pictures._style import INK, legend_beside, plain, unit_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_IN_LEGEND = 8


def draw_convergence(
    ax: "Axes",
    times: np.ndarray,
    history: np.ndarray,
    errors: np.ndarray,
    *,
    title: str,
    time_unit: str,
) -> None:
    """Draw how far the estimates up to each time are from the last, with their standard errors.

    Arguments:
        ax: where to draw.
        times: shape (blocks,).
        history: the estimates up to then, shape (blocks, exponents).
        errors: of the last, shape (exponents,).
        title: above the picture.
        time_unit: of the system; "1" if it has none.
    """
    counts = np.arange(1, len(times) + 1)
    for place, estimates in enumerate(history.T):
        off, spread = estimates - estimates[-1], errors[place] * np.sqrt(len(times) / counts)
        label = f"{estimates[-1]:.4g} ± {errors[place]:.1g}" if place < _MOST_IN_LEGEND else None
        (line,) = ax.plot(times, off, label=label)
        ax.fill_between(times, off - spread, off + spread, color=line.get_color(), alpha=0.15,
                        linewidth=0)  # fmt: skip
    ax.axhline(0, color=INK, linewidth=0.6)
    unit = plain(unit_text(time_unit))
    across = "time" if time_unit == "1" else f"time ({unit})"
    per = "nats per unit of time" if time_unit == "1" else f"nats per {unit}"
    ax.set(xlabel=across, ylabel=f"exponents up to then, off the last\n({per})", title=plain(title))
    legend_beside(ax)
