"""Whole pictures by kind: what `parasim plot` writes, and what a report shows."""

import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import xarray as xr

from parasim._errors import ConfigError, near_names
from parasim.analyses._growth import complete_windows
from parasim.analyses._time import along, committed
from parasim.analyses.pictures._growth import draw_growth
from parasim.analyses.pictures._map import draw_map, map_of
from parasim.analyses.pictures._phase import draw_phase, phase_variables
from parasim.analyses.pictures._raster import draw_raster, potential_of
from parasim.analyses.pictures._selection import between, run_axes, space_dims, state_variables
from parasim.analyses.pictures._series import draw_series
from parasim.analyses.pictures._space_time import draw_space_time, fields_of
from parasim.analyses.pictures._style import new_figure, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class _Panel(NamedTuple):
    """One of the axes of a figure.

    Attributes:
        kind: of the picture.
        draw: into axes.
    """

    kind: str
    draw: Callable[["Axes"], None]


KINDS = ("auto", "series", "phase", "space-time", "map", "raster", "growth")

_MOST_PANELS = 4
_MOST_FIELDS = 2
_BESIDE = ("phase", "map")
_FEWEST_PLACES = 8
_FEWEST_CELLS = 3
_FEWEST_WINDOWS = 2
_HEIGHTS = {
    "series": 1.5,
    "phase": 4.8,
    "space-time": 3.4,
    "map": 4.8,
    "raster": 3.4,
    "growth": 2.2,
}
_LOWEST, _LOWEST_BESIDE = 3.2, 4.4
_LETTERS = 10  # of the title, in an inch
_WIDTH, _PHASE_WIDTH, _ALONE = 8.5, 5.2, 6.4


def suitable(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the kinds of pictures that say something about a run, the first one foremost.

    A field in space is shown as such; many neurons by their spikes; others as series and against
    each other. Growth is shown where it was measured.
    """
    kinds: list[str] = []
    if _fields(dataset):
        kinds.append("space-time")
    if map_of(dataset) is not None:
        kinds.append("map")
    potential = potential_of(dataset)
    if potential is not None and _cells(dataset[potential]) >= _FEWEST_CELLS:
        kinds.append("raster")
    kinds.append("series")
    if "space-time" not in kinds and phase_variables(dataset) is not None:
        kinds.append("phase")
    if "growth_rate" in dataset and "window_time" in dataset.variables:
        windows = complete_windows(dataset)["growth_rate"]
        if int(windows.notnull().any([d for d in windows.dims if d != "window"]).sum()) >= (
            _FEWEST_WINDOWS
        ):
            kinds.append("growth")
    return tuple(kinds)


def _fields(dataset: xr.Dataset) -> list[str]:
    """Return the variables in space that are worth a space-time diagram."""
    runs = run_axes(dataset)

    def places(name: str) -> int:
        return max((dataset.sizes[d] for d in space_dims(dataset[name], runs)), default=0)

    return [name for name in fields_of(dataset) if places(name) >= _FEWEST_PLACES]


def _cells(array: xr.DataArray) -> int:
    return array.size // max(array.sizes["time"], 1)


def picture(
    dataset: xr.Dataset,
    kind: str = "auto",
    variables: Sequence[str] = (),
    *,
    t0: float | None = None,
    t1: float | None = None,
    threshold: float | None = None,
    title: str = "",
) -> "Figure":
    """Draw a picture of a run; never holds more of it in memory than a few blocks of its rows.

    Arguments:
        dataset: of a run, or with variables along `time`.
        kind: one of `KINDS`; "auto" shows what is suitable, several beside each other.
        variables: which; two for "phase". The first that are suitable if empty.
        t0, t1: the part of time; all of it if None. Without them "phase" and "space-time" show
            the end of a long run.
        threshold: of spikes; halfway between the extremes if None.
        title: above everything.

    Returns:
        A figure that pyplot does not know.

    Raises:
        ConfigError: what was asked for is not there, or there is no matplotlib.
    """
    kinds = kinds_of(dataset, kind, variables)
    if kind == "auto" and not variables and "raster" in kinds:
        variables = [potential_of(dataset) or ""]
    panels = [
        panel
        for chosen in kinds
        for panel in _panels(dataset, chosen, tuple(variables), (t0, t1), threshold)
    ]
    with styled():
        return _composed(panels, title)


def kinds_of(dataset: xr.Dataset, kind: str, variables: Sequence[str] = ()) -> tuple[str, ...]:
    """Return which kinds of pictures `picture` would draw beside each other.

    Raises:
        ConfigError: there is no such kind or variable.
    """
    if kind not in KINDS:
        raise ConfigError(f"there is no kind {kind!r} of pictures: {near_names(kind, KINDS)}")
    along(dataset, variables or None)
    return _overview(suitable(dataset)) if kind == "auto" else (kind,)


def _overview(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return what stands beside each other: a field needs no series, neurons no phase portrait."""
    hidden = {"space-time": ("raster", "series"), "raster": ("phase",)}.get(kinds[0], ())
    return tuple(kind for kind in kinds if kind not in hidden)


def _panels(
    dataset: xr.Dataset,
    kind: str,
    variables: tuple[str, ...],
    span: tuple[float | None, float | None],
    threshold: float | None,
) -> list[_Panel]:
    """Return the axes that a kind of picture has."""
    if kind == "growth":
        return [_Panel(kind, partial(_growth, dataset=dataset, span=span))]
    part, whole = between(dataset, *span), span != (None, None)
    if kind == "phase":
        chosen = _pair(part, variables)
        return [_Panel(kind, partial(_phase, dataset=part, variables=chosen, whole=whole))]
    if kind == "space-time":
        names = variables[:_MOST_PANELS] or _fields(part)[:_MOST_FIELDS] or (None,)
        return [
            _Panel(kind, partial(draw_space_time, dataset=part, variable=n, whole=whole))
            for n in names
        ]
    if kind == "map":
        return [_Panel(kind, partial(draw_map, dataset=part, variable=next(iter(variables), None)))]
    if kind == "raster":
        names = variables or (None,)
        return [
            _Panel(kind, partial(draw_raster, dataset=part, variable=n, threshold=threshold))
            for n in names[:_MOST_PANELS]
        ]
    names = (variables or state_variables(dataset))[:_MOST_PANELS]
    part = committed(part[list(names)])
    return [
        _Panel(kind, partial(draw_series, array=part[name], place=place))
        for place, name in enumerate(names)
    ]


def _pair(dataset: xr.Dataset, variables: tuple[str, ...]) -> tuple[str, str]:
    """Return which two variables are drawn against each other."""
    if len(variables) >= 2:
        return variables[0], variables[1]
    pair = phase_variables(dataset)
    if pair is None or variables:
        raise ConfigError("a phase portrait needs two variables: name them, or choose another kind")
    return pair


def _phase(ax: "Axes", dataset: xr.Dataset, variables: tuple[str, str], whole: bool) -> None:
    draw_phase(ax, dataset, *variables, whole=whole)


def _growth(ax: "Axes", dataset: xr.Dataset, span: tuple[float | None, float | None]) -> None:
    draw_growth(ax, dataset)
    ax.set_xlim(*span)


def _composed(panels: Sequence[_Panel], title: str) -> "Figure":
    """Draw panels one below the other, a phase portrait or a map beside them."""
    rows = [panel for panel in panels if panel.kind not in _BESIDE]
    beside = [panel for panel in panels if panel.kind in _BESIDE]
    heights = [_HEIGHTS[panel.kind] for panel in rows or beside]
    width = (_WIDTH if rows else _ALONE - _PHASE_WIDTH) + (_PHASE_WIDTH if beside else 0)
    figure = new_figure(width, max(sum(heights) + 0.6, _LOWEST_BESIDE if beside else _LOWEST))
    grid = figure.add_gridspec(
        max(len(rows), 1), 2 if rows and beside else 1, height_ratios=heights,
        width_ratios=[_WIDTH, _PHASE_WIDTH] if rows and beside else None,
    )  # fmt: skip
    first = None
    for place, panel in enumerate(rows):
        ax = figure.add_subplot(grid[place, 0])
        panel.draw(ax)
        if panel.kind == "series" and first is not None:
            ax.sharex(first)
        first = ax if panel.kind == "series" and first is None else first
        if place + 1 < len(rows) and rows[place + 1].kind == "series" == panel.kind:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    for panel in beside:
        panel.draw(figure.add_subplot(grid[:, -1]))
    if title:
        lines = textwrap.fill(plain(title), int(_LETTERS * width))
        figure.suptitle(lines, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure
