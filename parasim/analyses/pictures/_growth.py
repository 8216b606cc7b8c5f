"""How small differences grew along a run, and which windows were found in parallel."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._growth import growth_over_time
from parasim.analyses._time import TIME
from parasim.analyses.pictures._style import COLOURS, FAINT, INK, label, legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_WINDOWS = 1_000
_STRIP = 0.05
_SHORT = 0.25
_FEWEST_FOR_SCALE = 4


class _Bins(NamedTuple):
    """Successive windows together.

    Attributes:
        edges: of time, shape (bins + 1,).
        rates: the mean growth rate, shape (bins,).
        parallel: which part of the windows was found in parallel, shape (bins,).
        each: how many windows are in a bin.
    """

    edges: np.ndarray
    rates: np.ndarray
    parallel: np.ndarray
    each: int


def draw_growth(ax: "Axes", dataset: xr.Dataset) -> None:
    """Draw growth rates over a run, their mean so far, and which windows were parallel.

    Of an ensemble the mean over the members is drawn.

    Arguments:
        ax: where to draw.
        dataset: of a run.

    Raises:
        ConfigError: as `growth_over_time`, or no window is complete.
    """
    growth = growth_over_time(dataset).compute()
    if not growth.sizes["window"]:
        raise ConfigError("no window is complete: try again later")
    others = [d for d in growth["growth_rate"].dims if d != "window"]
    start = float(dataset[TIME][0]) if dataset.sizes.get(TIME) else 0.0
    bins = _bins(growth, others, start)
    ends = growth["window_time"].values
    _draw_modes(ax, bins)
    if np.isfinite(bins.rates).any():
        _draw_rates(ax, growth, others, ends, bins)
    else:
        ax.text(0.5, 0.5, "growth was not measured", transform=ax.transAxes, ha="center")
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.margins(y=2 * _STRIP)
    _keep_scale(ax, bins)
    runs = int(np.prod([growth.sizes[d] for d in others]))
    remarks = [f"mean of {runs:,} members" if others else "",
               f"the mean of each {bins.each:,} windows" if bins.each > 1 else ""]  # fmt: skip
    rates = growth["growth_rate"]
    ax.set(
        xlabel=label(growth["window_time"], _name_of_time(dataset)),
        ylabel=label(rates, "growth rate"),
        title="; ".join(filter(None, remarks)),
        xlim=bins.edges[[0, -1]],
    )
    legend_above(ax)


def _keep_scale(ax: "Axes", bins: _Bins) -> None:
    """Leave a much shorter last window out of the scale: its rate is that of a few steps."""
    spans = np.diff(bins.edges)
    if len(spans) < _FEWEST_FOR_SCALE or spans[-1] > _SHORT * spans[0]:
        return
    usual = bins.rates[:-1][np.isfinite(bins.rates[:-1])]
    if usual.size:
        low, high = min(usual.min(), 0.0), max(usual.max(), 0.0)
        margin = 2 * _STRIP * (high - low)
        ax.set_ylim(low - 2 * margin, high + margin)


def _draw_modes(ax: "Axes", bins: _Bins) -> None:
    """Draw a strip below: how much of the windows was found in parallel, the rest stepped through.

    Its height, a twentieth of the axes, stands for all windows there.
    """
    strip = {"fill": True, "transform": ax.get_xaxis_transform(), "linewidth": 0, "zorder": 0.5}
    if not bins.parallel.all():
        whole = np.full(len(bins.parallel), _STRIP)
        ax.stairs(whole, bins.edges, color=FAINT, alpha=0.35, label="sequential", **strip)
    if bins.parallel.any():
        part = _STRIP * bins.parallel
        ax.stairs(part, bins.edges, color=COLOURS[4], label="parallel", **strip)


def _draw_rates(
    ax: "Axes", growth: xr.Dataset, others: list, ends: np.ndarray, bins: _Bins
) -> None:
    """Draw the rates of windows, their mean so far with its error, and the running estimate."""
    mean = growth["mean_growth_rate"].mean(others).values
    running = growth["exponent"].mean(others).values
    some = slice(None, None, bins.each)
    name = "each window" if bins.each == 1 else f"each {bins.each:,} windows"
    # Windows between which none was measured have a mark only, no step.
    alone = np.isfinite(bins.rates) & ~_beside(np.isfinite(bins.rates))
    ax.stairs(bins.rates, bins.edges, baseline=None, color=FAINT, label=name)
    middles = (bins.edges[1:] + bins.edges[:-1]) / 2
    ax.plot(middles[alone], bins.rates[alone], ".", color=FAINT)
    ax.plot(ends[some], mean[some], color=COLOURS[0], label="mean so far")
    ax.plot(ends[some], running[some], color=COLOURS[1], linestyle="--",
            label="of the last ten or so")  # fmt: skip
    if not others:
        error = growth["mean_growth_rate_error"].values
        low, high = (mean - error)[some], (mean + error)[some]
        ax.fill_between(ends[some], low, high, color=COLOURS[0], alpha=0.2, linewidth=0)


def _name_of_time(dataset: xr.Dataset) -> str:
    return str(dataset[TIME].attrs.get("long_name", TIME)) if TIME in dataset else TIME


def _beside(known: np.ndarray) -> np.ndarray:
    """Return what is known and has a neighbour that is."""
    around = np.pad(known, 1)
    return known & (around[:-2] | around[2:])


def _bins(growth: xr.Dataset, others: list, start: float) -> _Bins:
    rates = growth["growth_rate"].mean(others).values
    edges = np.concatenate([[start], growth["window_time"].values])
    parallel = _parallel(growth).astype(float)
    each = -(-len(rates) // _MOST_WINDOWS)
    if each == 1:
        return _Bins(edges, rates, parallel, 1)
    numbers = np.arange(len(rates)) // each
    known = np.isfinite(rates)
    with np.errstate(invalid="ignore"):
        means = np.bincount(numbers, np.where(known, rates, 0)) / np.bincount(numbers, known)
    share = np.bincount(numbers, parallel) / np.bincount(numbers)
    ends = np.append(edges[:-1:each], edges[-1])
    return _Bins(ends, means, share, each)


def _parallel(growth: xr.Dataset) -> np.ndarray:
    """Return which windows were parallel, those of an ensemble in which any member's was."""
    if "mode" not in growth:
        return np.zeros(growth.sizes["window"], bool)
    mode = growth["mode"] == 1
    return mode.any([d for d in mode.dims if d != "window"]).values
