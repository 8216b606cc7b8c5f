"""`parasim info`: what a store holds and what made it."""

import dataclasses
from typing import TYPE_CHECKING

import click

from parasim import _text
from parasim.cli._completion import complete_stores
from parasim.cli._json import write_json
from parasim.cli._options import debug_option, json_option

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from parasim.io import StoreSummary

_EPILOG = """\b
Exit codes: 0 done, 4 the store cannot be used."""


@click.command(epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@json_option
@debug_option
def info(store: str, *, as_json: bool) -> None:
    """Say what a STORE holds and what made it.

    The run may still be going on, or have failed.
    """
    from parasim.io import summarise_store

    summary = summarise_store(store)
    if as_json:
        write_json({"store": store, **dataclasses.asdict(summary)})
        return
    click.echo(_describe(store, summary))


def _describe(store: str, summary: "StoreSummary") -> str:
    from parasim.io._window_words import cost_line, growth_line, windows_lines

    attributes = summary.attributes
    configuration = attributes["configuration"]
    solver = configuration["solver"]
    span = f"{_text.number(summary.first_time)} to "
    span += f"{_text.quantity(summary.last_time, summary.time_unit)}"
    versions = " ".join(f"{name} {text}" for name, text in attributes["versions"].items())
    lines = [
        ("store", f"{store}, {_text.size(summary.size)}"),
        ("status", _status(summary)),
        ("system", attributes["title"]),
        ("reference", attributes.get("references", "")),
        ("parameters", _text.pairs(configuration["set"])),
        ("driven by", "\n".join(_input(*item) for item in configuration["input"].items())),
        ("time", f"{span}, {_text.count(summary.rows)} values"),
        ("variables", "\n".join(_variable(*item) for item in summary.variables.items())),
        ("grid", f"t0 = {_text.number(configuration['t0'])}, t1 = "
                 f"{_text.number(configuration['t1'])}, dt = {_text.number(configuration['dt'])}, "
                 f"every = {configuration['every']}"),
        ("solver", f"{solver['solver']['class'].rpartition('.')[2]}, windows of "
                   f"{_text.count(solver['steps'])} steps, {configuration['dtype']}, "
                   f"seed {configuration['seed']}"),
        ("decision", _text.settings(configuration["decision"])),
        ("costs", _text.pairs(_costs(solver["costs"]))),
        ("windows", "\n".join(windows_lines(summary))),
        ("took", f"{cost_line(summary)}: see `parasim explain`"),
        ("growth", growth_line(summary)),
        ("made", _made(attributes)),
        ("command", attributes["command"]),
        ("versions", f"python {attributes['python']} {versions}"),
        ("plugins", "\n".join(map(_plugin, attributes.get("plugins", ())))),
        ("git", "\n".join(_repository(*item) for item in attributes.get("git", {}).items())),
    ]  # fmt: skip
    return _text.aligned(lines)


def _made(attributes: "Mapping[str, Any]") -> str:
    text = f"{attributes['date_created']} on {attributes['platform']} ({attributes['device']})"
    host, seconds = attributes["environment"].get("host"), attributes.get("wall_seconds")
    text += f" of {host}" if host else ""
    return text if seconds is None else f"{text}, in {_text.seconds(seconds)}"


def _plugin(origin: "Mapping[str, str]") -> str:
    """Say where a module that is not parasim's comes from."""
    if "distribution" in origin:
        return f"{origin['module']} of {origin['distribution']} {origin['version']}"
    return f"{origin['module']} in {origin['file']}" if "file" in origin else origin["module"]


def _repository(path: str, state: "Mapping[str, Any]") -> str:
    changed = ", with changes that were not committed" if state.get("dirty") else ""
    return f"{path} at {state['commit'][:8]}{changed}"


def _status(summary: "StoreSummary") -> str:
    failed_at = summary.attributes.get("failed_at")
    if failed_at is not None:
        at = _text.quantity(failed_at, summary.time_unit)
        return f"{summary.status}: a state stopped being finite by t = {at}"
    return summary.status


def _variable(name: str, dims_and_unit: "tuple[object, str]") -> str:
    dims, unit = dims_and_unit
    return f"{name} {_text.shape(dims.keys(), dims.values())}" + (  # type: ignore[attr-defined]
        f", {unit}" if unit not in ("", "1") else ""
    )


def _input(name: str, source: "dict[str, object]") -> str:
    text = f"{name}: {source['variable']} in {source['file']}, {source['interpolation']}"
    gaps = source["gaps_interpolated"]
    return text + (f", {gaps} of {source['values']} values interpolated" if gaps else "")


def _costs(costs: "dict[str, object]") -> "dict[str, object]":
    return {name: value for name, value in costs.items() if name != "class" and value is not None}
