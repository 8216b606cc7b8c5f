"""What `parasim analyze` can do, by name, as the sources of the analyses say it.

The functions themselves are not imported for it: that would take seconds at each `--help`.
"""

from parasim.plugins._description import describe
from parasim.plugins._registry import find, names

_COMMON = ("variables",)  # an option of the command's own


def options_of(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what `--set` can say for an analysis: what is needed, and what is optional."""
    found = describe(find("analyses", name))
    return found.needed, tuple(option for option in found.optional if option not in _COMMON)


def listed() -> str:
    """Return a table of the analyses and their options, for `--help`."""
    known = names("analyses")
    width = max(map(len, known), default=0) + 2
    lines = []
    for name in known:
        line = describe(find("analyses", name)).line.removeprefix("Return ")
        lines.append(f"  {name.ljust(width)}{line}")
        needed, optional = options_of(name)
        options = [f"{option} (needed)" for option in needed] + list(optional)
        if options:
            lines.append(" " * (width + 2) + "--set " + ", ".join(options))
    return "\n".join(lines)
