"""Quick looks at a dataset: the accessor `dataset.parasim.plot`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from parasim.analyses._spectrum import power_spectrum
from parasim.analyses._time import along, committed
from parasim.analyses.pictures._figure import picture
from parasim.analyses.pictures._growth import draw_growth
from parasim.analyses.pictures._map import draw_map
from parasim.analyses.pictures._phase import draw_phase
from parasim.analyses.pictures._raster import draw_raster
from parasim.analyses.pictures._selection import state_variables
from parasim.analyses.pictures._series import draw_series
from parasim.analyses.pictures._space_time import draw_space_time
from parasim.analyses.pictures._spectrum import draw_spectrum
from parasim.analyses.pictures._style import new_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Plots:
    """Quick looks, as `dataset.parasim.plot`: each draws into axes, new ones if none are given.

    Long series become the range of each few values; the spectrum is that of all values. New axes
    belong to a figure that pyplot does not know: `ax.figure` shows it in a notebook, and
    `ax.figure.savefig(...)` writes it. Called, as in `dataset.parasim.plot()`, it returns the
    figure that `parasim plot` draws.

    Arguments:
        dataset: with variables along `time`.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def __call__(
        self,
        kind: str = "auto",
        variables: Sequence[str] = (),
        *,
        t0: float | None = None,
        t1: float | None = None,
        threshold: float | None = None,
        title: str = "",
    ) -> "Figure":
        """Draw a whole picture, as `parasim plot` does.

        Arguments:
            kind: "auto", "series", "phase", "space-time", "map", "raster" or "growth".
            variables: which; two for "phase". The first that are suitable if empty.
            t0, t1: the part of time; all of it if None. Without them "phase" and "space-time"
                show the end of a long run.
            threshold: of spikes; halfway between the extremes if None.
            title: above everything.

        Raises:
            ConfigError: what was asked for is not there, or there is no matplotlib.
        """
        return picture(
            self._dataset, kind, variables, t0=t0, t1=t1, threshold=threshold, title=title
        )

    def time_series(self, variable: str | None = None, *, ax: "Axes | None" = None) -> "Axes":
        """Draw a variable against time: up to six series, or the spread of an ensemble.

        Arguments:
            variable: which; the first along `time` if None.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable, or no matplotlib.
        """
        name = variable or state_variables(self._dataset)[0]
        array = committed(along(self._dataset, name))[name]
        with styled():
            ax = ax or new_axes()
            draw_series(ax, array)
        return ax

    def phase_portrait(self, x: str, y: str, *, ax: "Axes | None" = None) -> "Axes":
        """Draw one variable against another, the last 20,000 values of up to six series.

        Arguments:
            x, y: the variables.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable, or no matplotlib.
        """
        with styled():
            ax = ax or new_axes()
            draw_phase(ax, self._dataset, x, y)
        return ax

    def space_time(
        self, variable: str | None = None, *, dim: str | None = None, ax: "Axes | None" = None
    ) -> "Axes":
        """Draw a variable in colours, against the last 1,000 times and space (Hovmöller).

        Arguments:
            variable: which; the first with a dimension in space if None.
            dim: the dimension; the variable's last in space if None. Of others in space the middle
                is shown, of runs the first.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable or dimension, or no matplotlib.
        """
        with styled():
            ax = ax or new_axes()
            draw_space_time(ax, self._dataset, variable, dim=dim)
        return ax

    def map(self, variable: str | None = None, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the last state of a variable in colours, in its last two dimensions in space.

        Arguments:
            variable: which; the first with two dimensions in space if None.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable, or no matplotlib.
        """
        with styled():
            ax = ax or new_axes()
            draw_map(ax, self._dataset, variable)
        return ax

    def raster(
        self,
        variable: str | None = None,
        *,
        threshold: float | None = None,
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Draw a mark for each spike, a row for each cell or member.

        Arguments:
            variable: which; the first potential, else the first along `time`, if None.
            threshold: that a spike passes upwards; halfway between the extremes if None.
            ax: where to draw.

        Raises:
            ConfigError: there is no such variable, or no matplotlib.
        """
        with styled():
            ax = ax or new_axes()
            draw_raster(ax, self._dataset, variable, threshold=threshold)
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
        name = variable or state_variables(self._dataset)[0]
        power = power_spectrum(self._dataset, variables=name, **options)[name].compute()
        with styled():
            ax = ax or new_axes()
            draw_spectrum(ax, power)
        return ax

    def growth(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw growth rates over a run, their mean so far, and the windows that were parallel.

        Of an ensemble the mean over the members is drawn.

        Arguments:
            ax: where to draw.

        Raises:
            ConfigError: as `growth_over_time`, or there is no matplotlib.
        """
        with styled():
            ax = ax or new_axes()
            draw_growth(ax, self._dataset)
        return ax
