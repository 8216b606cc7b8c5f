"""What a sink is: where the rows of a run can go, in place of a zarr store or of memory.

The interface is as small as a run needs. A run into a sink begins at the beginning and is made by
one process: to go on with a run, or to spread it over workers, checkpoints and locks are needed
that only parasim's own store has.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import xarray as xr

from parasim.io._layout import Layout


class SinkWriter(Protocol):
    """Takes the rows of one region; a run uses it in a `with`, and leaves it when all are put."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End: what was put can be read from now on, also after an error."""
        ...

    def put(self, rows: Mapping[str, np.ndarray]) -> None:
        """Append rows to some of the arrays, once and in order.

        Either all of the arrays along `time` are among them, with the same number of rows, or none
        of them is; the same goes for those along `window`. A reader must see each row in all of
        these arrays or in none.

        Arguments:
            rows: by name of the array: the region's lengths of `layout.axes`, then the rows, then
                the field's own shape; of the field's dtype.

        Raises:
            OSError: they cannot be written, which ends the run.
        """
        ...


class SinkSession(Protocol):
    """A run that is being written; a run uses it in a `with`.

    Leaving it says what became of the run: without an error it is complete, with
    `parasim.SolverError` it failed, with any other it was interrupted.
    """

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End."""
        ...

    def annotate(self, **attributes: Any) -> None:
        """Set attributes of the dataset; JSON only."""
        ...

    def writer(self, region: int) -> SinkWriter:
        """Return what takes the rows of `layout.regions[region]`; regions come one by one."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Where rows go; what the function behind an entry point of `parasim.sinks` makes."""

    def create(
        self,
        place: str | None,
        layout: Layout,
        attributes: Mapping[str, Any],
        *,
        overwrite: bool = False,
    ) -> SinkSession:
        """Make room for a run; all arrays, coordinates and attributes are known.

        Arguments:
            place: what was given as `store`, or as `--out`.
            layout: the arrays, in `fields`; `full_shape`, `dims`, `time_blocks` and `regions` say
                what goes where.
            attributes: of the dataset; strings and numbers only.
            overwrite: whether what is there may be replaced.

        Raises:
            ConfigError: the place cannot be one of this sink.
            StoreError: something is in the way, or it cannot be written.
        """
        ...

    def read(self, place: str | None) -> xr.Dataset:
        """Open what was written, also while the run goes on or after it was killed.

        Returns:
            The dataset as `parasim.open` returns it: a variable per field, with its dimensions and
            attributes, `time` and the coordinates. Of rows that are not there yet it has NaN (-1
            for integers), or nothing. The attribute `status` is "complete" only if the run is.
        """
        ...
