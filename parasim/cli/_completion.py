"""What a shell can complete: names of systems, and stores. Imports neither jax nor zarr."""

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def complete_systems(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a system, or of a run file."""
    del ctx, param
    from parasim.plugins import system_names

    names = [CompletionItem(name) for name in system_names() if name.startswith(incomplete)]
    return [*names, *(CompletionItem(path) for path in _paths(incomplete, ".toml"))]


def complete_words(
    *words: str,
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return what completes one of some words."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, param
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]

    return complete


def complete_stores(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the path of a store: a folder with zarr's metadata."""
    del ctx, param
    return [CompletionItem(path) for path in _paths(incomplete, "")]


def _paths(incomplete: str, suffix: str) -> list[str]:
    """Return what continues a path: folders, and files with the suffix, or stores without one.

    Folders end in a slash, so that completion goes on in them.
    """
    given = Path(incomplete)
    folder = given if incomplete.endswith("/") or not incomplete else given.parent
    beginning = "" if folder == given else given.name
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return []
    found = []
    for path in inside:
        hidden = path.name.startswith(".") and not beginning.startswith(".")
        if hidden or not path.name.startswith(beginning):
            continue
        text = incomplete[: len(incomplete) - len(beginning)] + path.name
        if not suffix and (path / "zarr.json").is_file():
            found.append(text)
        elif path.is_dir():
            found.append(text + "/")
        elif suffix and path.name.endswith(suffix):
            found.append(text)
    return found
