"""`parasim plugins`: what is installed, by whom, and whether it works."""

from typing import TYPE_CHECKING, Any

import click

from parasim import _text
from parasim.cli._json import write_json
from parasim.cli._options import debug_option, json_option
from parasim.plugins._description import describe
from parasim.plugins._discovery import KINDS
from parasim.plugins._registry import Entry, entries

if TYPE_CHECKING:
    from parasim.plugins._discovery import Plugin
    from parasim.plugins._examination import Finding

_BROKEN = 5

_EPILOG = """\b
States: available (not imported yet), loaded, broken (cannot be imported, or is not what its group
needs), incompatible (written for another version of parasim's interface), disabled (by
PARASIM_DISABLE_PLUGINS=DISTRIBUTION,GROUP:NAME or disable_plugins in a run file), shadowed (an
earlier one has the same name).

Exit codes: 0 done, 2 something was asked for that cannot be done, 5 a plugin is broken or
incompatible (of doctor only)."""

_group_option = click.option(
    "--group",
    "groups",
    type=click.Choice(list(KINDS)),
    multiple=True,
    help="Only these; may be repeated.  [default: all]",
)


@click.group(epilog=_EPILOG)
def plugins() -> None:
    """Say what is installed by name, and whether it works.

    Systems, solvers, sinks, analyses and commands.
    """


@plugins.command("list", epilog=_EPILOG)
@_group_option
@json_option
@click.option("--verify", is_flag=True, show_default=False, help="Load each, in a process apart.")
@debug_option
def list_(groups: tuple[str, ...], *, as_json: bool, verify: bool) -> None:
    """List plugins with their states; loads none of them, but for --verify."""
    found = _verified(_entries(groups)) if verify else [_record(e) for e in _entries(groups)]
    if as_json:
        write_json(found)
        return
    rows = [
        (r["group"], r["name"], r["state"], f"{r['distribution']} {r['version']}", r["description"])
        for r in found
    ]
    click.echo("\n".join(_text.columns(rows)) if rows else "There are none.")


@plugins.command(epilog=_EPILOG)
@_group_option
@json_option
@debug_option
def doctor(groups: tuple[str, ...], *, as_json: bool) -> None:
    """Load each plugin in a process apart, and say what is wrong with those that do not work."""
    found = _verified(_entries(groups))
    wrong = [record for record in found if record["state"] in ("broken", "incompatible")]
    if as_json:
        write_json(found)
    else:
        for record in wrong:
            click.echo(f"{record['state']}: {record['reason']}\n")
        shadowed = [record for record in found if record["state"] == "shadowed"]
        for record in shadowed:
            click.echo(
                f"shadowed: {record['group']}:{record['name']} of {record['distribution']}, "
                "behind another of the same name\n"
            )
        click.echo(f"{len(found) - len(wrong)} of {len(found)} plugins are fine.")
    if wrong:
        raise click.exceptions.Exit(_BROKEN)


def _entries(groups: tuple[str, ...]) -> list[Entry]:
    return [entry for group in groups or KINDS for entry in entries(group)]


def _verified(found: list[Entry]) -> list[dict[str, Any]]:
    """Return records with the states after loading; what is not used is not loaded."""
    from parasim.plugins._examination import examine

    used = [e.plugin for e in found if e.state not in ("disabled", "shadowed")]
    findings: dict[Plugin, Finding] = examine(used)
    return [_record(entry, findings.get(entry.plugin)) for entry in found]


def _record(entry: Entry, finding: "Finding | None" = None) -> dict[str, Any]:
    plugin = entry.plugin
    reason = "" if entry.error is None else str(entry.error)
    return {
        "group": plugin.group,
        "name": plugin.name,
        "state": entry.state if finding is None else finding.state,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "entry_point": plugin.entry_point.value,
        "description": describe(plugin).line,
        "reason": reason if finding is None else finding.reason,
    }
