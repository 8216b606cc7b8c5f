"""Units and CF attributes of what is computed from variables."""

import re
from typing import Any

import xarray as xr

_OF_THE_VALUES = (
    "standard_name",
    "valid_min",
    "valid_max",
    "valid_range",
    "actual_range",
    "cell_methods",
)


def product(*units: str) -> str:
    """Return the unit of a product, as UDUNITS reads it."""
    factors = [unit for unit in units if unit not in ("", "1")]
    return " ".join(factors) or "1"


def power(unit: str, exponent: int) -> str:
    """Return the unit of a power, such as `K2`."""
    if unit in ("", "1") or exponent == 0:
        return "1"
    if exponent == 1:
        return unit
    simple = re.fullmatch(r"[^\W\d]+|%|°C", unit)
    return f"{unit}{exponent}" if simple else f"({unit}){exponent}"


def inverse(unit: str) -> str:
    """Return the unit of one over a quantity, such as `1/ms`."""
    if unit in ("", "1"):
        return "1"
    return f"1/{unit}" if re.fullmatch(r"\w+", unit) else f"1/({unit})"


def unit_of(array: xr.DataArray) -> str:
    """Return a variable's unit; 1 if it says none."""
    return str(array.attrs.get("units", "1"))


def described(array: xr.DataArray, what: str) -> str:
    """Return a long name, such as `power spectrum of membrane potential`."""
    return f"{what} of {array.attrs.get('long_name', array.name)}"


def cell_method(array: xr.DataArray, method: str) -> dict[str, Any]:
    """Return the attributes of a variable with one more CF cell method, the last applied."""
    before = array.attrs.get("cell_methods", "")
    return {**array.attrs, "cell_methods": f"{before} {method}".strip()}


def other_quantity(array: xr.DataArray, what: str, units: str) -> dict[str, Any]:
    """Return the attributes of what is another quantity than the variable it was computed from.

    What said which values the variable can have, or what it is in CF's table of names, is left out.
    """
    kept = {name: value for name, value in array.attrs.items() if name not in _OF_THE_VALUES}
    return {**kept, "long_name": described(array, what), "units": units}
