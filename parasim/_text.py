"""How numbers, sizes and tables look on the screen."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def number(value: float) -> str:
    """Write a number in at most seven digits."""
    return f"{value:.7g}"


def count(value: float) -> str:
    """Write a whole number with thousands set apart."""
    return f"{value:,.0f}"


def short(value: float) -> str:
    """Write a large number in three digits, such as 13.7M."""
    for unit in ("", "k", "M"):
        if value < 999.5:
            return f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.3g}G"


def size(value: float) -> str:
    """Write a number of bytes with the unit that suits it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def seconds(value: float) -> str:
    """Write a duration: in ms, s, min:s or h:min:s."""
    if not math.isfinite(value):
        return "?"
    if value < 1:
        return f"{1000 * value:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02} min"


def microseconds(value: float) -> str:
    """Write a short duration, given in seconds, in us."""
    return f"{number(float(f'{1e6 * value:.3g}'))} us"


def quantity(value: float, unit: str) -> str:
    """Write a number with its unit, if it has one."""
    return number(value) + ("" if unit in ("", "1") else f" {unit}")


def rate(value: float, time_unit: str) -> str:
    """Write a growth rate."""
    per = "time unit" if time_unit == "1" else time_unit
    return f"{value:.4g} per {per}"


def uncertain(value: float, error: float) -> str:
    """Write a number with its standard error, to the digits that the error leaves."""
    if not (math.isfinite(value) and math.isfinite(error)):
        return "?"
    digits = 12 if error <= 0 else max(1 - math.floor(math.log10(error)), 0)
    return f"{value:.{min(digits, 12)}f} ± {error:.2g}"


def pairs(values: Mapping[str, Any]) -> str:
    """Write a mapping as `a = 1, b = 2`."""
    return ", ".join(
        f"{name} = {number(value) if isinstance(value, float) else value}"
        for name, value in values.items()
    )


def settings(described: Mapping[str, Any]) -> str:
    """Write a class and its attributes, as a store describes them, such as `Rule (a = 1)`."""
    values = {name: value for name, value in described.items() if name != "class"}
    name = str(described["class"]).rpartition(".")[2]
    return f"{name} ({pairs(values)})" if values else name


def aligned(lines: Iterable[tuple[str, str]]) -> str:
    """Write labels and texts in two columns; a text of several lines stays in its column."""
    rows = [(label, text) for label, text in lines if text]
    width = max((len(label) for label, _ in rows), default=0) + 2
    return "\n".join(
        label.ljust(width) + text.replace("\n", "\n" + " " * width) for label, text in rows
    )


def shape(dims: Iterable[str], lengths: Iterable[int]) -> str:
    """Write a shape with the names of its axes, as `(time: 10001, site: 40)`."""
    dims = tuple(dims)
    if not dims:
        return "(one value)"
    return "(" + ", ".join(f"{d}: {n}" for d, n in zip(dims, lengths, strict=True)) + ")"


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Write rows of equally many cells in columns; the lines have no blanks at their ends."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
