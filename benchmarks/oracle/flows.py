"""The systems: dysts' autonomous flows, and parasim's own."""

import ast
import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from parasim import get_system

# Name here: name of the built-in system, its settings, and about how long a turn takes.
_BUILT_IN: dict[str, tuple[str, dict[str, int], dict[str, float], float]] = {
    "parasim:energy-balance": ("energy-balance", {}, {}, 20.0),
    "parasim:fitzhugh-nagumo": ("fitzhugh-nagumo", {}, {}, 39.5),
    "parasim:fitzhugh-nagumo-at-rest": ("fitzhugh-nagumo", {}, {"I": 0.0}, 39.5),
    "parasim:hodgkin-huxley": ("hodgkin-huxley", {}, {}, 14.6),
    "parasim:lorenz63": ("lorenz63", {}, {}, 0.75),
    "parasim:lorenz63-rho10": ("lorenz63", {}, {"rho": 10.0}, 0.75),
    "parasim:lorenz96-10": ("lorenz96", {"sites": 10}, {}, 1.7),
    "parasim:lorenz96-10-F2": ("lorenz96", {"sites": 10}, {"F": 2.0}, 1.7),
    "parasim:stuart-landau": ("stuart-landau", {}, {}, 6.28),
    "parasim:van-der-pol": ("van-der-pol", {}, {}, 6.66),
}


@dataclass(frozen=True)
class Flow:
    """An autonomous flow `dy/dt = f(y)` on vectors.

    Attributes:
        name: of the system.
        vector_field: `(t, y, args) -> dy/dt`.
        y0: where it starts.
        period: about how long a turn on the attractor takes.
    """

    name: str
    vector_field: Callable[[Any, Any, Any], Any]
    y0: np.ndarray
    period: float

    def starts(self, count: int) -> list[np.ndarray]:
        """Return `y0`, and so many starts near it that it makes `count`: each number by 1 %."""
        rng = np.random.default_rng(0)
        near = 1 + 0.01 * rng.standard_normal((count, self.y0.size))
        near[0] = 1
        return list(near * self.y0)


def flow_names() -> tuple[list[str], dict[str, str]]:
    """Return the names of all systems, and of those left out with the reason."""
    entries, _ = _dysts()
    left_out = {name: "has a delay" for name, entry in entries.items() if entry["delay"]}
    left_out |= {
        name: "is not autonomous" for name, entry in entries.items() if entry["nonautonomous"]
    }
    return [*(name for name in sorted(entries) if name not in left_out), *_BUILT_IN], left_out


def flow(name: str) -> Flow:
    """Build a system."""
    if name in _BUILT_IN:
        return _built_in(name)
    entries, classes = _dysts()
    entry, system = entries[name], classes[name](entries[name])

    def vector_field(t: Any, y: Any, args: Any) -> Any:
        del t, args
        return jnp.stack([jnp.asarray(rate, y.dtype) for rate in system.rhs(y, 0.0)])

    y0 = np.asarray(entry["initial_conditions"], float)
    return Flow(name, vector_field, y0, float(entry["period"]))


def _built_in(name: str) -> Flow:
    of, options, settings, period = _BUILT_IN[name]
    system = get_system(of, **options)
    params = system.resolve(settings)
    y0, unravel = ravel_pytree({key: jnp.asarray(leaf) for key, leaf in system.y0.items()})

    def vector_field(t: Any, y: Any, args: Any) -> Any:
        del args
        return ravel_pytree(system.vector_field(t, unravel(y), params))[0]

    return Flow(name, vector_field, np.asarray(y0, float), period)


class _Flow:
    """Stands in for `dysts.base.DynSys`: the parameters, and the right-hand side on vectors."""

    def __init__(self, entry: Mapping[str, Any]):
        params = {
            key: np.asarray(value) if isinstance(value, list) else value
            for key, value in entry["parameters"].items()
        }
        self.__dict__.update(params)
        self._params = [params[key] for key in sorted(params)]

    def rhs(self, X: Any, t: Any) -> Any:
        return self._rhs(*X, t, *self._params)  # pyright: ignore[reportAttributeAccessIssue]


class _Lorenz96(_Flow):
    """As dysts has it, but for the assignments in place."""

    def rhs(self, X: Any, t: Any) -> Any:
        del t
        roll = partial(jnp.roll, X)
        return (roll(-1) - roll(2)) * roll(1) - X + self.f  # pyright: ignore[reportAttributeAccessIssue]


def _dysts() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return dysts' data and its classes, which are executed with jax.numpy for numpy."""
    found = importlib.util.find_spec("dysts")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("dysts is not installed: pip install --no-deps dysts==0.96")
    package = Path(found.submodule_search_locations[0])
    tree = ast.parse((package / "flows.py").read_text())
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    classes = {"np": jnp, "DynSys": _Flow, "DynSysDelay": _Flow, "staticjit": staticmethod}
    exec(compile(tree, "dysts/flows.py", "exec"), classes)
    entries = json.loads((package / "data" / "chaotic_attractors.json").read_text())
    return entries, classes | {"Lorenz96": _Lorenz96}
