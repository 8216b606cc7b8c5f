"""Whether plugins work: each loaded and tried out in a child process, which may die of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from parasim._errors import IncompatiblePlugin, ParasimError
from parasim.plugins._discovery import KINDS, Plugin, scan
from parasim.plugins._loading import load_plugin, make_from

_TIMEOUT = 300.0  # seconds; importing jax on a busy machine takes many
_MARK = "parasim-examination:"


class Finding(NamedTuple):
    """What became of a plugin when it was tried.

    Attributes:
        state: "loaded", "broken" or "incompatible".
        reason: why it does not work; empty if it does.
    """

    state: str
    reason: str = ""


def examine(plugins: Iterable[Plugin]) -> dict[Plugin, Finding]:
    """Load each plugin in a child process, and make what it makes without arguments.

    Those of one distribution share a child; if it dies, those that it had not come to have one
    each.

    Arguments:
        plugins: which, from `scan`.
    """
    waiting: dict[str, list[Plugin]] = {}
    for plugin in plugins:
        waiting.setdefault(plugin.distribution, []).append(plugin)
    findings: dict[Plugin, Finding] = {}
    for together in waiting.values():
        findings |= _in_child(together)[0]
        for plugin in together:
            if plugin not in findings:
                found, death = _in_child([plugin])
                findings[plugin] = found.get(plugin, Finding("broken", death))
    return findings


def _in_child(plugins: list[Plugin]) -> tuple[dict[Plugin, Finding], str]:
    """Return what a child found, and how it ended."""
    command = [sys.executable, "-c", f"from {__name__} import main; main()"]
    # What the child finds must be what is found here, so it has the same path.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    try:
        child = subprocess.run(
            command,
            input=json.dumps([_key(plugin) for plugin in plugins]),
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return {}, f"importing it takes more than {_TIMEOUT:g} s"
    findings = {}
    for line in child.stdout.splitlines():
        found = _read(line)
        if found is not None:
            findings[plugins[found["number"]]] = Finding(found["state"], found["reason"])
    return findings, f"the process that imported it ended with exit code {child.returncode}"


def _key(plugin: Plugin) -> list[str]:
    return [plugin.group, plugin.name, plugin.distribution, plugin.entry_point.value]


def _read(line: str) -> Mapping[str, Any] | None:
    """Return what a line of the child's says, if it is not a plugin's own."""
    if not line.startswith(_MARK):
        return None
    return json.loads(line.removeprefix(_MARK))


def main() -> None:
    """Examine, in the child, the plugins named on stdin; a line for each on stdout."""
    by_key = {tuple(_key(plugin)): plugin for group in KINDS for plugin in scan(group)}
    for number, key in enumerate(json.load(sys.stdin)):
        state, reason = "loaded", ""
        try:
            _try(by_key[tuple(key)])
        except ParasimError as error:
            incompatible = isinstance(error, IncompatiblePlugin)
            state, reason = "incompatible" if incompatible else "broken", str(error)
        record = {"number": number, "state": state, "reason": reason}
        print(f"\n{_MARK}{json.dumps(record)}", flush=True)


def _try(plugin: Plugin) -> None:
    """Load a plugin, and make what can be made without arguments."""
    if plugin.group in ("systems", "integrators", "sinks"):
        make_from(plugin)
    else:
        load_plugin(plugin)
