"""Quick looks at a dataset."""

import itertools
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.analyses._growth import growth_over_time
from parasim.analyses._metadata import unit_of
from parasim.analyses._spectrum import power_spectrum
from parasim.analyses._time import TIME, along, committed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 8
_MOST_POINTS = 20_000
_MOST_COLUMNS = 2_000
_LABEL_WIDTH = 50


class Plots:
    """Quick looks, as `dataset.parasim.plot`: each draws into axes, new ones if none are given.

    Long series are thinned to what a screen can show; the spectrum is that of all values.

    Arguments:
        dataset: with variables along `time`.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def time_series(self, variable: str | None = None, *, ax: "Axes | None" = None) -> "Axes":
        """Draw a variable against time.

        Arguments:
            variable: which; the first along `time` if None.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable, or no matplotlib.
        """
        ax = _axes(ax)
        array = _thinned(self._variable(variable), _MOST_POINTS)
        for label, line in _lines(array):
            ax.plot(line[TIME].values, line.values, label=label, linewidth=0.8)
        ax.set(xlabel=_label(array[TIME]), ylabel=_label(array))
        return _finished(ax, array)

    def phase_portrait(self, x: str, y: str, *, ax: "Axes | None" = None) -> "Axes":
        """Draw one variable against another.

        Arguments:
            x, y: the variables.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable, or no matplotlib.
        """
        ax = _axes(ax)
        both = committed(along(self._dataset, [x, y]))
        across, up = xr.broadcast(*(_thinned(both[name], _MOST_POINTS) for name in (x, y)))
        for (label, line), (_, other) in zip(_lines(across), _lines(up), strict=True):
            ax.plot(line.values, other.values, label=label, linewidth=0.6)
        ax.set(xlabel=_label(both[x]), ylabel=_label(both[y]))
        return _finished(ax, across)

    def space_time(
        self, variable: str | None = None, *, dim: str | None = None, ax: "Axes | None" = None
    ) -> "Axes":
        """Draw a variable in colours, against time and a dimension in space (Hovmöller).

        Arguments:
            variable: which; the first with another dimension than `time` if None.
            dim: the dimension; the variable's last besides `time` if None. Of others the first
                value is shown.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable or dimension, or no matplotlib.
        """
        ax = _axes(ax)
        wide = [n for n, a in along(self._dataset).data_vars.items() if a.ndim > 1]
        if variable is None and not wide:
            raise ConfigError("no variable has a dimension besides 'time': draw its time series")
        array = _thinned(self._variable(variable or str(wide[0])), _MOST_COLUMNS)
        others = [str(d) for d in array.dims if d != TIME]
        if not others or (dim is not None and dim not in others):
            raise ConfigError(
                f"{array.name!r} has no dimension {dim or 'besides time'!r}: it has "
                f"{', '.join(map(str, array.dims))}"
            )
        space = others[-1] if dim is None else dim
        shown = array.isel({d: 0 for d in others if d != space}).transpose(space, TIME)
        shown.plot.pcolormesh(
            x=TIME, y=space, ax=ax, robust=True, cbar_kwargs={"label": _label(array)}
        )
        ax.set(xlabel=_label(array[TIME]), ylabel=space, title="")
        return ax

    def spectrum(
        self, variable: str | None = None, *, ax: "Axes | None" = None, **options: Any
    ) -> "Axes":
        """Draw a power spectrum.

        Arguments:
            variable: which; the first along `time` if None.
            ax: where to draw.
            options: of `power_spectrum`.

        Raises:
            ConfigError: as `power_spectrum`, or there is no matplotlib.
        """
        ax = _axes(ax)
        name = str(self._variable(variable).name)
        power = power_spectrum(self._dataset, variables=name, **options)[name]
        power = power.isel(frequency=slice(1, None))
        for label, line in _lines(power):
            ax.loglog(line["frequency"].values, line.values, label=label, linewidth=0.8)
        ax.set(xlabel=_label(power["frequency"]), ylabel=_label(power))
        return _finished(ax, power)

    def growth(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw growth rates over a run, their mean so far, and the windows that were parallel.

        Of an ensemble the mean over the members is drawn.

        Arguments:
            ax: where to draw.

        Raises:
            ConfigError: as `growth_over_time`, or there is no matplotlib.
        """
        ax = _axes(ax)
        growth = growth_over_time(self._dataset).compute()
        start = float(self._dataset[TIME][0])
        others = [d for d in growth["growth_rate"].dims if d != "window"]
        ends = growth["window_time"].values
        edges = np.concatenate([[start], ends])
        rates = growth["growth_rate"].mean(others)
        mean = growth["mean_growth_rate"].mean(others)
        members = int(np.prod([growth.sizes[d] for d in others]))
        ax.stairs(rates.values, edges, baseline=None, color="0.6", label="each window")
        ax.plot(ends, mean.values, color="C0", label="mean so far")
        running = growth["exponent"].mean(others)
        ax.plot(ends, running.values, color="C3", linestyle="--", label="of the last ten or so")
        if not others:
            error = growth["mean_growth_rate_error"].values
            ax.fill_between(ends, mean - error, mean + error, color="C0", alpha=0.2)
        parallel = _parallel(growth)
        if parallel.any():
            ax.stairs(
                parallel.astype(float), edges, fill=True, transform=ax.get_xaxis_transform(),
                color="C1", alpha=0.15, label="parallel", linewidth=0,
            )  # fmt: skip
        ax.axhline(0, color="0.3", linewidth=0.8)
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        title = f"mean of {members} members" if others else ""
        ax.set(xlabel=_label(growth["window_time"], "time"), ylabel=_label(rates), title=title)
        ax.set_xlim(edges[0], edges[-1])
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def _variable(self, name: str | None) -> xr.DataArray:
        chosen = committed(along(self._dataset, name))
        return next(iter(chosen.data_vars.values()))


def _axes(ax: "Axes | None") -> "Axes":
    """Return the axes, or new ones.

    Raises:
        ConfigError: there is no matplotlib.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ConfigError(
            "a picture needs matplotlib, which is not installed: pip install 'parasim[plots]'"
        ) from error
    return pyplot.subplots(figsize=(8, 4.5), layout="constrained")[1]


def _thinned(array: xr.DataArray, most: int) -> xr.DataArray:
    """Take each so many-th row, and say so in the name of the time."""
    every = -(-array.sizes[TIME] // most)
    thin = array.isel({TIME: slice(None, None, every)})
    if every > 1:
        name = thin[TIME].attrs.get("long_name", TIME)
        thin[TIME].attrs["long_name"] = f"{name}, one value of {every:,}"
    return thin


def _parallel(growth: xr.Dataset) -> np.ndarray:
    """Return which windows were parallel, those of an ensemble in which any member's was."""
    if "mode" not in growth:
        return np.zeros(growth.sizes["window"], bool)
    mode = growth["mode"] == 1
    return mode.any([d for d in mode.dims if d != "window"]).values


def _lines(array: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield the first series of an array, each with what it is called."""
    dims = [d for d in array.dims if d not in (TIME, "frequency")]
    places = itertools.product(*(range(array.sizes[d]) for d in dims))
    for place in itertools.islice(places, _MOST_LINES):
        line = array.isel(dict(zip(dims, place, strict=True))).compute()
        names = (
            f"{d} {array[d].values[i]}" if d in array.coords else f"{d} {i}"
            for d, i in zip(dims, place, strict=True)
        )
        yield ", ".join(names), line


def _label(array: xr.DataArray, name: str | None = None) -> str:
    text = name or str(array.attrs.get("long_name", array.name))
    unit = unit_of(array)
    return textwrap.fill(text if unit == "1" else f"{text} ({unit})", _LABEL_WIDTH)


def _finished(ax: "Axes", array: xr.DataArray) -> "Axes":
    """Say which lines there are, and if there are more."""
    series = int(np.prod([n for d, n in array.sizes.items() if d not in (TIME, "frequency")]))
    if series > 1:
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    if series > _MOST_LINES:
        ax.set_title(f"the first {_MOST_LINES} of {series} series")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
