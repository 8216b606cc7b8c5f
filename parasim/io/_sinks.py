"""The sinks that parasim brings: its zarr store, and memory."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from parasim._errors import ConfigError
from parasim.io._layout import Layout
from parasim.io._memory import MemorySession
from parasim.io._reader import open_run
from parasim.io._session import StoreSession


class ZarrSink:
    """A zarr store, on a disk or behind a URL.

    A run goes there with checkpoints too, so that it can be continued: see `StoreSession`.
    """

    def create(
        self,
        place: str | None,
        layout: Layout,
        attributes: Mapping[str, Any],
        *,
        overwrite: bool = False,
    ) -> StoreSession:
        """Make a store; see `Sink.create`."""
        return StoreSession.create(place, layout, attributes, overwrite=overwrite)

    def read(self, place: str | None) -> xr.Dataset:
        """Open a store; see `Sink.read`."""
        return open_run(place)


class MemorySink:
    """Arrays in memory, for as long as the dataset is used."""

    def __init__(self) -> None:
        self._session: MemorySession | None = None

    def create(
        self,
        place: str | None,
        layout: Layout,
        attributes: Mapping[str, Any],
        *,
        overwrite: bool = False,
    ) -> MemorySession:
        """Make arrays; see `Sink.create`."""
        del overwrite
        if place is not None:
            raise ConfigError("what is kept in memory has no place: leave out the store")
        self._session = MemorySession(layout, attributes)
        return self._session

    def read(self, place: str | None) -> xr.Dataset:
        """Return the run that was made last; see `Sink.read`."""
        if place is not None or self._session is None:
            raise ConfigError("nothing has been kept in memory by this sink")
        return self._session.dataset()
