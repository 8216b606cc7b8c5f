"""Where it comes from: versions, git, device, command; and what to cite."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from parasim import _text
from parasim.cli.page._elements import Html, code, facts, folded, part, section, table

if TYPE_CHECKING:
    from parasim.io import StoreSummary


def origin(summary: "StoreSummary", bibtex: str) -> Html:
    """Return the sections about versions and citations."""
    attributes = summary.attributes
    environment = attributes.get("environment", {})
    return Html(
        section(
            "Where it comes from",
            part("Command", code(attributes.get("command", ""))),
            facts(
                [
                    ("made", _made(attributes)),
                    ("host", environment.get("host", "")),
                    ("system", environment.get("os", "")),
                    ("device", f"{attributes['platform']} ({attributes['device']})"),
                    ("size", _text.size(summary.size)),
                    (
                        "git",
                        "\n".join(_repository(*item) for item in attributes.get("git", {}).items()),
                    ),
                    ("plugins", "\n".join(map(_plugin, attributes.get("plugins", ())))),
                ]
            ),
            part("Versions", _versions(attributes)),
        )
        + "\n"
        + section("What to cite", folded("BibTeX", code(bibtex)) if bibtex else Html(""))
    )


def _made(attributes: Mapping[str, Any]) -> str:
    seconds = attributes.get("wall_seconds")
    took = "" if seconds is None else f", in {_text.seconds(seconds)}"
    return f"{attributes['date_created']}{took}"


def _versions(attributes: Mapping[str, Any]) -> Html:
    versions = {"python": attributes.get("python", ""), **attributes["versions"]}
    return table(("package", "version"), list(versions.items()))


def _repository(path: str, state: Mapping[str, Any]) -> str:
    changed = ", with changes that were not committed" if state.get("dirty") else ""
    return f"{PurePath(path).name} at {state['commit'][:12]}{changed}"


def _plugin(about: Mapping[str, str]) -> str:
    """Say where a module that is not parasim's comes from."""
    if "distribution" in about:
        return f"{about['module']} of {about['distribution']} {about['version']}"
    return f"{about['module']} in {about['file']}" if "file" in about else about["module"]


def how_to_open(store: str) -> Html:
    """Return the section that says how to read the data."""
    return section(
        "How to open the data",
        code(
            "import parasim\n\n"
            f"dataset = parasim.open({store!r})  # an xarray.Dataset\n"
            "dataset.parasim.plot()\n"
            "print(dataset.parasim.report())"
        ),
        code(f"parasim info {store}\nparasim explain {store}\nparasim plot {store}"),
    )
