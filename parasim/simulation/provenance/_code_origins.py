"""Where code comes from that is not parasim's own: the distribution, or the file."""

import functools
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    distribution,
    packages_distributions,
)
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from parasim.plugins._drive import DrivenField

_OWN = ("parasim", "diffrax")  # whose versions are recorded anyway
_INSTALLED = ("site-packages", "dist-packages")


def code_origins(codes: Iterable[Any]) -> list[dict[str, Any]]:
    """Say where functions, and the classes of objects, come from; those of parasim are left out.

    Arguments:
        codes: such as a vector field and a solver.

    Returns:
        For each module: `module`; `distribution` and `version` if it was installed; `file` and its
        `sha256` if it was not, or from a checkout; neither in a notebook. What that file imports is
        not looked at.
    """
    modules = dict.fromkeys(_module(code) for code in codes)
    return [_origin(name) for name in modules if name.partition(".")[0] not in _OWN]


def is_installed(path: Path) -> bool:
    """Whether a path is among installed packages, and not in a checkout or a user's folder."""
    return any(part in _INSTALLED for part in path.parts)


def _module(code: Any) -> str:
    while True:
        if isinstance(code, functools.partial):
            code = code.func
        elif isinstance(code, DrivenField):
            code = code.vector_field
        elif hasattr(code, "__wrapped__"):  # as under jit
            code = code.__wrapped__
        else:
            return getattr(code, "__module__", None) or type(code).__module__


def _origin(module: str) -> dict[str, Any]:
    origin: dict[str, Any] = {"module": module}
    name = getattr(sys.modules.get(module), "__file__", None)
    if name is None or name.startswith("<"):  # such as <stdin>
        return origin
    file = Path(name).absolute()
    candidates = _candidates(module.partition(".")[0], file)
    found = next((d for d in candidates if _holds(d, file)), None)
    if found is not None:
        origin |= {"distribution": found.name, "version": found.version}
        if _checkout(found) is None:
            return origin
    origin["file"] = str(file)
    with suppress(OSError):  # it may be in an archive, or gone
        origin["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return origin


def _candidates(package: str, file: Path) -> Iterator[Distribution]:
    """Return the distributions that a package may be of, that of its own name first."""
    with suppress(PackageNotFoundError):
        yield distribution(package)
    if is_installed(file):
        for name in packages_distributions().get(package, ()):  # reads the lists of all files
            yield distribution(name)


def _holds(found: Distribution, file: Path) -> bool:
    folder = _checkout(found) or Path(str(found.locate_file("")))
    return file.resolve().is_relative_to(folder.resolve())


def _checkout(found: Distribution) -> Path | None:
    """Return the folder from which a distribution is used without having been copied."""
    source = json.loads(found.read_text("direct_url.json") or "{}")
    if not source.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(source["url"]).path))
