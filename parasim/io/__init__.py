"""Stores of trajectories, written region by region and opened with xarray; forcing from data."""

from parasim.io._encoding import Encoding as Encoding
from parasim.io._forcing import Forcing as Forcing, read_forcing as read_forcing
from parasim.io._layout import Coordinate as Coordinate, Field as Field, Layout as Layout
from parasim.io._memory import MemorySession as MemorySession
from parasim.io._reader import open_run as open_run
from parasim.io._records import StoredWindows as StoredWindows, read_windows as read_windows
from parasim.io._session import StoreSession as StoreSession
from parasim.io._sink import (
    Sink as Sink,
    SinkSession as SinkSession,
    SinkWriter as SinkWriter,
)
from parasim.io._summary import (
    StoreSummary as StoreSummary,
    summarise_dataset as summarise_dataset,
    summarise_store as summarise_store,
)
from parasim.io._target import check_target as check_target
from parasim.io._verify import (
    Damage as Damage,
    Verification as Verification,
    verify_store as verify_store,
)
from parasim.io._writer import Mark as Mark, RegionWriter as RegionWriter

__all__ = [
    "Coordinate",
    "Damage",
    "Encoding",
    "Field",
    "Forcing",
    "Layout",
    "Mark",
    "MemorySession",
    "RegionWriter",
    "Sink",
    "SinkSession",
    "SinkWriter",
    "StoreSession",
    "StoreSummary",
    "StoredWindows",
    "Verification",
    "check_target",
    "open_run",
    "read_forcing",
    "read_windows",
    "summarise_dataset",
    "summarise_store",
    "verify_store",
]
