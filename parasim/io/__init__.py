"""Stores of trajectories, written row by row and opened with xarray; and forcing from data."""

from parasim.io._create import check_target as check_target, create_store as create_store
from parasim.io._forcing import Forcing as Forcing, read_forcing as read_forcing
from parasim.io._layout import Field as Field, Layout as Layout
from parasim.io._memory import MemoryWriter as MemoryWriter
from parasim.io._records import StoredWindows as StoredWindows, read_windows as read_windows
from parasim.io._summary import (
    StoreSummary as StoreSummary,
    summarise_store as summarise_store,
)
from parasim.io._writer import StoreWriter as StoreWriter

__all__ = [
    "Field",
    "Forcing",
    "Layout",
    "MemoryWriter",
    "StoreSummary",
    "StoreWriter",
    "StoredWindows",
    "check_target",
    "create_store",
    "read_forcing",
    "read_windows",
    "summarise_store",
]
