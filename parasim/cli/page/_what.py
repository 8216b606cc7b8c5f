"""What was run: equations, parameters, initial state, grid."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from parasim import _text
from parasim._errors import ParasimError
from parasim.cli import _system_words as words
from parasim.cli.page._elements import Html, code, facts, folded, paragraph, part, section, table

if TYPE_CHECKING:
    from parasim.io import StoreSummary
    from parasim.plugins import System

_MOST_WRITTEN = 6


def what_was_run(summary: "StoreSummary") -> Html:
    """Return the section about the system and what was asked of it."""
    attributes = summary.attributes
    configuration = attributes["configuration"]
    system = installed_system(configuration)
    unit = "" if summary.time_unit == "1" else summary.time_unit
    return section(
        "What was run",
        paragraph(attributes.get("summary", "")),
        part("Equations", *_equations(system)),
        part("Parameters", _parameters(system, configuration)),
        part("Driven by data", _inputs(configuration.get("input", {}))),
        part("Ensemble and sweep", _axes(configuration)),
        part("State", _state(system, summary, configuration.get("y0", {}))),
        part("Grid and solver", _grid(configuration, unit)),
        part("Known of this system", _truth(system)),
        part("Reference", _reference(attributes)),
    )


def _reference(attributes: Mapping[str, Any]) -> Html:
    said = attributes.get("references", "")
    return paragraph(said) if said else Html("")


def installed_system(configuration: Mapping[str, Any]) -> "System | None":
    """Return the system of a run if it is one of those that are installed; runs no other code."""
    from parasim.plugins import build_system, system_names

    if configuration["system"] not in system_names():
        return None
    try:
        return build_system(configuration["system"], configuration["set"])[0]
    except ParasimError:  # it has changed since, or cannot be used here
        return None


def _equations(system: "System | None") -> list[Html]:
    if system is None:
        return []
    return [code(words.equations(system))]


def _parameters(system: "System | None", configuration: Mapping[str, Any]) -> Html:
    values = {
        name: value for name, value in configuration["set"].items() if not isinstance(value, str)
    }
    if system is None:
        return table(("parameter", "value"), [(k, _number(v)) for k, v in values.items()])
    said = dict.fromkeys(configuration.get("input", {}), "driven by data")
    said |= dict.fromkeys(configuration.get("coordinates", {}), "swept")
    return table(words.PARAMETER_HEADINGS, words.parameter_rows(system, {**values, **said}))


def _inputs(inputs: Mapping[str, Any]) -> Html:
    rows = [
        (name, data["variable"], data["file"], data["interpolation"], data["gaps_interpolated"])
        for name, data in inputs.items()
    ]
    headings = ("parameter", "variable", "file", "interpolation", "gaps interpolated")
    return table(headings, rows)


def _axes(configuration: Mapping[str, Any]) -> Html:
    """Return along what the runs differ, and how many there are."""
    rows = []
    for name, count in configuration.get("axes", {}).items():
        values = configuration.get("coordinates", {}).get(name)
        rows.append((name, str(count), "" if values is None else _values(values)))
    return table(("axis", "runs", "values"), rows)


def _state(system: "System | None", summary: "StoreSummary", y0: Mapping[str, Any]) -> Html:
    said = {} if system is None else {row[0]: row[3] for row in words.variable_rows(system)}
    rows = []
    for name, (shape, unit) in summary.variables.items():
        start = _values(y0[name]) if name in y0 else ""
        sizes = _text.shape(shape.keys(), shape.values())
        rows.append((name, sizes, "" if unit == "1" else unit, said.get(name, ""), start))
    return table(("variable", "stored as", "unit", "what it is", "initial state"), rows)


def _values(value: Any) -> str:
    """Write a few numbers, or of many how many there are, and their range or digest."""
    if isinstance(value, Mapping):  # of very many numbers a store keeps the digest
        return f"{' x '.join(map(str, value['shape']))} numbers, SHA-256 {value['sha256']}..."
    numbers = list(_flat(value))
    if len(numbers) <= _MOST_WRITTEN:
        return ", ".join(map(_number, numbers))
    return f"{len(numbers):,} values from {_number(min(numbers))} to {_number(max(numbers))}"


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _number(value: Any) -> str:
    return _text.number(value) if isinstance(value, int | float) else str(value)


def _grid(configuration: Mapping[str, Any], unit: str) -> Html:
    solver = configuration["solver"]
    steps = round((configuration["t1"] - configuration["t0"]) / configuration["dt"])
    return facts(
        [
            ("time", f"{_number(configuration['t0'])} to {_number(configuration['t1'])} {unit}"),
            ("step", f"{_number(configuration['dt'])} {unit}"),
            ("steps", _text.count(steps)),
            ("saved", f"each {_ordinal(configuration['every'])}"),
            ("solver", solver["solver"]["class"].rpartition(".")[2]),
            ("windows", f"of {_text.count(solver['steps'])} steps, mode {solver['mode']}"),
            ("numbers", configuration["dtype"]),
            ("seed", configuration["seed"]),
        ]
    )


def _ordinal(every: int) -> str:
    return "state" if every == 1 else f"{_text.count(every)} states"


def _truth(system: "System | None") -> Html:
    rows = [] if system is None else words.truth_rows(system)
    listed = table(words.TRUTH_HEADINGS, rows)
    return folded("Numbers that it is known to have", listed) if listed else listed
