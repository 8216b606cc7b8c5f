"""A power spectrum."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from parasim.analyses.pictures._selection import series_of
from parasim.analyses.pictures._style import COLOURS, label, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 6


def draw_spectrum(ax: "Axes", power: xr.DataArray) -> None:
    """Draw power against frequency, both in decades, of up to six series.

    Arguments:
        ax: where to draw.
        power: along `frequency`; the frequency zero is left out.
    """
    power = power.isel(frequency=slice(1, None))
    chosen, names = series_of(power, _MOST_LINES, "frequency")
    count = int(np.prod([n for d, n in power.sizes.items() if d != "frequency"]))
    for place, (line, name) in enumerate(zip(chosen, names, strict=True)):
        ax.loglog(line["frequency"].values, line.values, label=name if count > 1 else None,
                  linewidth=1, color=COLOURS[place])  # fmt: skip
    title = f"{_MOST_LINES} of {count:,} series" if count > _MOST_LINES else ""
    ax.set(xlabel=label(power["frequency"]), ylabel=label(power), title=title)
    legend_beside(ax)
