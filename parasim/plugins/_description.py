"""What can be said of a plugin without importing it: read from its source.

Importing to learn one line would load jax for a list of names, and let a broken plugin spoil the
list. The source is there wherever Python code is installed, so neither is needed, and nobody has
to write the line twice.
"""

import ast
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from parasim.plugins._discovery import Plugin

_MOST_HOPS = 4  # from a package that passes a name on to where it is defined


class Description(NamedTuple):
    """What the source of a plugin says.

    Attributes:
        line: what it is; empty if it is not written where it is looked for.
        needed: the names of its arguments without a default, after the first.
        optional: those of its arguments with one.
    """

    line: str = ""
    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def describe(plugin: Plugin) -> Description:
    """Return what the source of a plugin says; imports nothing, and fails for none.

    The line is the literal `description` of the `System` that a function makes, as that is what a
    run shows too, or else the first line of the docstring of the function or class.
    """
    found = _definition(*plugin.target)
    if found is None:
        return Description()
    line = _system_description(found) or _first_line(ast.get_docstring(found))
    if isinstance(found, ast.ClassDef):
        return Description(line)
    given = found.args
    positional = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    first_default = len(positional) - len(given.defaults)
    by_name = [(a.arg, d) for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return Description(
        line,
        (*positional[1:first_default], *(name for name, default in by_name if default is None)),
        (*positional[first_default:], *(name for name, default in by_name if default is not None)),
    )


def _definition(
    module: str, name: str, hops: int = _MOST_HOPS
) -> ast.FunctionDef | ast.ClassDef | None:
    """Find a function or class by its name, in its module or where that imports it from."""
    tree, package = _syntax(module)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
    for node in tree.body if hops else ():
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                origin = _absolute(node, package)
                return _definition(origin, alias.name, hops - 1)
    return None


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module that something is imported from."""
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _syntax(module: str) -> tuple[ast.Module, str]:
    """Return the syntax of a module, empty if there is no source to read, and its package."""
    nothing = ast.Module([], []), module
    try:
        spec = _spec(module)
        if spec is None or spec.origin is None:
            return nothing
        return ast.parse(Path(spec.origin).read_bytes()), spec.parent or ""
    except (ImportError, OSError, SyntaxError, ValueError):  # a binary, a namespace, a bad file
        return nothing


def _spec(module: str) -> ModuleSpec | None:
    """Find a module; `importlib.util.find_spec` would import the packages that it is in."""
    top, *inner = module.split(".")
    known = sys.modules.get(top)
    spec = find_spec(top) if known is None else known.__spec__
    name = top
    for part in inner:
        if spec is None:
            return None
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, spec.submodule_search_locations)
    return spec


def _system_description(function: ast.AST) -> str:
    """Return the literal `description` of a call of `System(...)`."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        for keyword in node.keywords if name == "System" else ():
            if keyword.arg == "description" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return ""


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0].rstrip(".")
