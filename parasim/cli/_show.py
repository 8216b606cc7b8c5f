"""`parasim show`: all that is known of a system."""

from typing import TYPE_CHECKING

import click

from parasim import _text
from parasim.cli import _system_words as words
from parasim.cli._completion import complete_systems
from parasim.cli._json import write_json
from parasim.cli._options import debug_option, json_option

if TYPE_CHECKING:
    from parasim.plugins import System

_EPILOG = """\b
Examples:
  parasim show lorenz63
  parasim show hodgkin-huxley --json

Exit codes: 0 done, 2 there is no such system, 5 the plugin that brings it is broken."""


@click.command(epilog=_EPILOG)
@click.argument("name", shell_complete=complete_systems)
@json_option
@debug_option
def show(name: str, *, as_json: bool) -> None:
    """Show a system: equations, parameters, known numbers.

    NAME is one that `parasim systems` lists.
    """
    from parasim.plugins import get_system

    system = get_system(name)
    if as_json:
        write_json(words.system_record(system))
        return
    click.echo(_describe(system))


def _describe(system: "System") -> str:
    unit = "dimensionless" if system.time_unit == "1" else f"in {system.time_unit}"
    blocks = [
        f"{click.style(system.name, bold=True)}: {system.description}",
        words.equations(system),
        _table("State", words.VARIABLE_HEADINGS, words.variable_rows(system)),
        f"Time is {unit}.",
        _table("Parameters", words.PARAMETER_HEADINGS, words.parameter_rows(system)),
        _table("Known numbers", words.TRUTH_HEADINGS, words.truth_rows(system)),
        f"{click.style('Citation', bold=True)}\n{system.citation}",
        system.bibtex.strip(),
    ]
    return "\n\n".join(block for block in blocks if block)


def _table(title: str, headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Write a table without the columns that are empty."""
    if not rows:
        return ""
    used = [n for n in range(len(headings)) if any(row[n] for row in rows)]
    table = [[cells[n] for n in used] for cells in (headings, *rows)]
    return "\n".join([click.style(title, bold=True), *_text.columns(table)])
