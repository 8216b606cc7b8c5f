"""The state of git repositories: which commit, and whether the files are still those."""

import hashlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from parasim.simulation.provenance._code_origins import is_installed

_SECONDS = 2.0  # for each of at most two calls per repository


def git_state(folders: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return the state of the repositories that folders are in.

    Files that git does not track are not looked at. Nothing is raised, whatever git does.

    Arguments:
        folders: anywhere; those that are in no repository are passed over, and so are installed
            packages, which may be in somebody else's.

    Returns:
        By the path of the repository: `commit`; `dirty`, whether tracked files differ from it, if
        git could say so in time; and if they do `diff`, the SHA-256 of the difference.
    """
    roots = dict.fromkeys(root for folder in folders if (root := _root(folder)) is not None)
    return {str(root): state for root in roots if (state := _state(root))}


def _root(folder: Path) -> Path | None:
    if is_installed(folder):
        return None
    return next((p for p in (folder, *folder.parents) if os.path.exists(p / ".git")), None)


def _state(root: Path) -> dict[str, Any]:
    status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None:  # in a large repository it takes long
        head = _git(root, "rev-parse", "--verify", "HEAD")
        return {} if head is None else {"commit": head.decode().strip()}
    lines = status.decode(errors="replace").splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if not commit or commit == "(initial)":
        return {}
    if all(line.startswith("#") for line in lines):
        return {"commit": commit, "dirty": False}
    state = {"commit": commit, "dirty": True}
    changes = _git(root, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv")
    return state if changes is None else state | {"diff": hashlib.sha256(changes).hexdigest()}


def _git(root: Path, *arguments: str) -> bytes | None:
    """Return what git prints; None if it fails, is too slow or is not there."""
    elsewhere = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # set within hooks
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    try:
        finished = subprocess.run(
            ["git", "-C", str(root), "-c", "core.fsmonitor=false", *arguments],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            env=environment | {"GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return finished.stdout
