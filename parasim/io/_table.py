"""Tables of comma separated values, as datasets along time."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import xarray as xr

from parasim._errors import ConfigError, first_line


def read_table(path: Path) -> xr.Dataset:
    """Read a table with a time column, which becomes the coordinate of the others.

    Arguments:
        path: text with commas between the columns, whose names are in the first row; lines may end
            in a comment that begins with `#`. The time column is the one called "time", else the
            first.

    Raises:
        ConfigError: it is no such table.
    """
    import pandas as pd

    _check_fields(path)
    table = pd.read_csv(path, comment="#", skipinitialspace=True).rename(columns=str.strip)
    column = "time" if "time" in table.columns else str(table.columns[0])
    if not pd.api.types.is_numeric_dtype(table[column]):
        try:
            dates = pd.to_datetime(table[column], format="ISO8601", utc=True)
        except ValueError as error:
            raise ConfigError(
                f"{path}: its column {column!r} has neither numbers nor dates such as 1958-03-01 "
                f"({first_line(error)})"
            ) from error
        table[column] = dates.dt.tz_localize(None)
    return xr.Dataset.from_dataframe(table.set_index(column))


def _check_fields(path: Path) -> None:
    """Refuse a table of one column or without rows, or whose rows differ in length.

    pandas would shift or fill such rows.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(_without_comments(file), skipinitialspace=True)
        rows = ((reader.line_num, fields) for fields in reader if any(f.strip() for f in fields))
        _, header = next(rows, (0, []))
        if len(header) == 1:
            raise ConfigError(
                f"{path} has one column, {header[0].strip()!r}: its columns must be separated by "
                "commas, not by blanks or ';', the first row must name them, and one must hold "
                "the times"
            )
        line = 0
        for line, fields in rows:
            if len(fields) != len(header):
                raise ConfigError(
                    f"{path}: line {line} has {len(fields)} fields, but the first row names "
                    f"{len(header)} columns: give every row as many, empty where a value is missing"
                )
        if header and not line:
            raise ConfigError(f"{path} has no rows below the names of its columns: add the data")


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    """Cut every line at a `#`, unless that is inside quotes."""
    for line in lines:
        before = line.partition("#")[0]
        yield line if before.count('"') % 2 else before
