"""`parasim systems`: what can be run by name."""

from operator import attrgetter
from typing import TYPE_CHECKING

import click

from parasim import _text
from parasim.cli import _system_words as words
from parasim.cli._completion import complete_systems
from parasim.cli._json import say, write_json
from parasim.cli._options import debug_option, json_option
from parasim.plugins._description import describe
from parasim.plugins._registry import entries

if TYPE_CHECKING:
    from parasim.plugins import Parameter, System, Variable


_EPILOG = """\b
Exit codes: 0 done, 2 there is no such system, 5 the plugin that brings it is broken."""


@click.command(epilog=_EPILOG)
@click.argument("name", required=False, shell_complete=complete_systems)
@json_option
@debug_option
def systems(name: str | None, *, as_json: bool) -> None:
    """List the systems that can be run by name, or show one.

    With a NAME: its state, its parameters with units and ranges, and its options. `parasim list`
    is the same.
    """
    if name is not None:
        from parasim.plugins import get_system

        system = get_system(name)
        say(words.system_record(system), _describe(system), as_json=as_json)
        return
    used = [e.plugin for e in entries("systems") if e.state not in ("disabled", "shadowed")]
    found = [(plugin, describe(plugin).line) for plugin in sorted(used, key=attrgetter("name"))]
    if as_json:
        records = [
            {
                "name": plugin.name,
                "description": line,
                "distribution": plugin.distribution,
                "version": plugin.version,
            }
            for plugin, line in found
        ]
        write_json(records)
        return
    rows = [
        (plugin.name, line if plugin.own else f"{line} [{plugin.distribution}]".lstrip())
        for plugin, line in found
    ]
    click.echo("\n".join(_text.columns(rows)))
    click.echo("\nparasim systems NAME shows parameters, units and ranges.")


def _describe(system: "System") -> str:
    """Write a system's description, state, options and parameters in a block."""
    unit = "dimensionless" if system.time_unit == "1" else f"in {system.time_unit}"
    state = ", ".join(_variable(name, v) for name, v in system.variables.items())
    rows = [(f"  {name}", *_parameter(p)) for name, p in system.params.items()]
    rows += [(f"  {name}", str(value), "", "whole number, shapes the state") for name, value in
             system.options.items()]  # fmt: skip
    heading = f"{click.style(system.name, bold=True)}: {system.description}"
    return "\n".join([heading, f"  state: {state}; time {unit}", *_text.columns(rows)])


def _variable(name: str, variable: "Variable") -> str:
    dims = f"({', '.join(variable.dims)})" if variable.dims else ""
    unit = "" if variable.unit == "1" else f" in {variable.unit}"
    return f"{name}{dims}{unit}"


def _parameter(parameter: "Parameter") -> tuple[str, str, str]:
    unit = "" if parameter.unit == "1" else parameter.unit
    value = f"{parameter.value:.6g} {unit}".rstrip()
    return value, words.limits(parameter), parameter.description
