"""How all pictures look: colours that the colour-blind tell apart, figures, axes, labels.

matplotlib is imported when something is drawn, and never its pyplot, which keeps figures alive.
"""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._metadata import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Those of Okabe and Ito (2008) that show on white and on black."""

INK, FAINT = "#262626", "#8C8C8C"
"""Of text and axes, and of what stands behind."""

_SETTINGS: dict[str, Any] = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.formatter.limits": (-4, 7),
    "axes.formatter.useoffset": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.fonttype": "none",
}
_LABEL_WIDTH = 42
_SHORT = 16
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@contextmanager
def styled() -> Iterator[None]:
    """Draw in parasim's style.

    Raises:
        ConfigError: there is no matplotlib.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise ConfigError(
            "a picture needs matplotlib, which is not installed: pip install 'parasim[plots]'"
        ) from error
    from cycler import cycler

    settings: dict[Any, Any] = {**_SETTINGS, "axes.prop_cycle": cycler(color=COLOURS)}
    with mpl.rc_context(settings):
        yield


def new_figure(width: float = 8.0, height: float = 4.5) -> "Figure":
    """Return an empty figure of so many inches, unknown to pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def new_axes() -> "Axes":
    """Return the axes of a new figure."""
    return new_figure().subplots()


def legend_beside(ax: "Axes") -> None:
    """Say on the right of the axes what the lines are, if anything has a label."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def legend_above(ax: "Axes") -> None:
    """Say above the axes, on the right, what the lines are."""
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.99), ncols=6, borderpad=0, handlelength=1.5,
              columnspacing=1.2)  # fmt: skip


def plain(text: Any) -> str:
    """Return a text of somebody else's as matplotlib can write it: no formulas, no controls."""
    printable = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return printable.replace("$", r"\$")


def unit_text(unit: str) -> str:
    """Return a unit as people write it, such as `µA cm⁻²` for `uA cm-2`."""
    unit = re.sub(r"\bu(?=[AFVSMms]\b)", "µ", unit)
    unit = re.sub(r"\bdeg(?:ree)?_?([CF])\b", r"°\1", unit)
    return re.sub(
        r"(?<=[^\W\d_])-?\d+(?![\w.])", lambda found: found[0].translate(_SUPERSCRIPTS), unit
    )


def short_label(array: xr.DataArray) -> str:
    """Return what an axis says where a long name does not fit: name and unit, or one of them."""
    unit = unit_of(array)
    if unit in ("1", ""):
        return plain(str(array.name)[:_SHORT])
    both = f"{array.name} ({unit_text(unit)})"
    return plain(both if len(both) <= _SHORT else unit_text(unit))


def label(array: xr.DataArray, name: str | None = None) -> str:
    """Return what an axis says: the long name and the unit, if there is one."""
    text = name or str(array.attrs.get("long_name", array.name))
    unit = unit_of(array)
    whole = text if unit in ("1", "") else f"{text} ({unit_text(unit)})"
    return textwrap.fill(plain(whole), _LABEL_WIDTH)
