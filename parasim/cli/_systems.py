"""`parasim systems`: what can be run by name."""

from typing import TYPE_CHECKING

import click

from parasim.cli import _text
from parasim.cli._options import debug_option

if TYPE_CHECKING:
    from parasim.plugins import Parameter, System, Variable


@click.command()
@click.argument("name", required=False)
@debug_option
def systems(name: str | None) -> None:
    """List the systems, their state and their parameters.

    With a NAME, that one only.
    """
    from parasim.plugins import get_system, system_names

    names = system_names() if name is None else (name,)
    click.echo("\n\n".join(_describe(get_system(n)) for n in names))


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
    limits = f"[{parameter.minimum:g}, {parameter.maximum:g}]"
    return f"{parameter.value:.6g} {unit}".rstrip(), limits, parameter.description
