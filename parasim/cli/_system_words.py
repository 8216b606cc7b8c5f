"""What there is to say about a system: on a screen and in a page."""

import dataclasses
import inspect
import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parasim.plugins import Parameter, System

PARAMETER_HEADINGS = ("parameter", "value", "unit", "range", "what it is")
VARIABLE_HEADINGS = ("variable", "axes", "unit", "what it is")
TRUTH_HEADINGS = ("quantity", "value", "standard error", "status", "source")


def equations(system: "System") -> str:
    """Return the equations: how the module that defines the system describes it."""
    rule = getattr(system, "rule", None) or system.vector_field
    module = sys.modules.get(getattr(rule, "__module__", None) or "")
    return inspect.cleandoc(getattr(module, "__doc__", None) or "")


def parameter_rows(
    system: "System", values: Mapping[str, Any] | None = None
) -> list[tuple[str, ...]]:
    """Return a row for each parameter, and for each option that shapes the state.

    Arguments:
        system: whose.
        values: instead of the defaults; or what to say in their place.
    """
    given = values or {}
    rows = [
        (name, str(given.get(name, default)), "", "a whole number", "shapes the state")
        for name, default in system.options.items()
    ]
    for name, parameter in system.params.items():
        value = given.get(name, parameter.value)
        unit = "" if parameter.unit == "1" else parameter.unit
        shown = value if isinstance(value, str) else f"{value:.10g}"
        rows.append((name, shown, unit, limits(parameter), parameter.description))
    return rows


def limits(parameter: "Parameter") -> str:
    """Return the range of a parameter's values."""
    if not (math.isfinite(parameter.minimum) or math.isfinite(parameter.maximum)):
        return "any"
    return f"[{parameter.minimum:g}, {parameter.maximum:g}]"


def variable_rows(system: "System") -> list[tuple[str, ...]]:
    """Return a row for each variable of the state."""
    return [
        (name, ", ".join(v.dims), "" if v.unit == "1" else v.unit, v.description)
        for name, v in system.variables.items()
    ]


def truth_rows(system: "System") -> list[tuple[str, ...]]:
    """Return a row for each number that the system is known to have."""
    return [
        (
            truth.quantity.replace("_", " "),
            _numbers(truth.value),
            "" if truth.standard_error is None else _numbers(truth.standard_error),
            truth.status,
            _with_settings(truth.source, truth.settings),
        )
        for truth in getattr(system, "truth", ())
    ]


def system_record(system: "System") -> dict[str, Any]:
    """Return everything, for JSON."""
    return {
        "name": system.name,
        "description": system.description,
        "equations": equations(system),
        "time_unit": system.time_unit,
        "variables": {name: dataclasses.asdict(v) for name, v in system.variables.items()},
        "parameters": {name: dataclasses.asdict(p) for name, p in system.params.items()},
        "options": dict(system.options),
        "truth": [dataclasses.asdict(truth) for truth in getattr(system, "truth", ())],
        "citation": system.citation,
        "bibtex": system.bibtex,
    }


def _numbers(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(f"({_numbers(v)})" if isinstance(v, list | tuple) else _numbers(v)
                         for v in value)  # fmt: skip
    return f"{value:.7g}" if isinstance(value, int | float) else str(value)


def _with_settings(source: str, settings: Mapping[str, Any]) -> str:
    at = ", ".join(f"{name} = {value:g}" for name, value in settings.items())
    return f"at {at}; {source}".rstrip("; ") if at else source
