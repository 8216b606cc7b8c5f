"""Everything about a run that is known, and checked, before it begins."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import diffrax
import jax
import numpy as np

from parasim._errors import ConfigError
from parasim._numbers import whole_number
from parasim.integrators import AlwaysParallel, DeviceCosts, ParallelNewton
from parasim.integrators.method._devices import host_beside
from parasim.integrators.window._window import WindowSolver
from parasim.io._encoding import Encoding
from parasim.io._forcing import Forcing
from parasim.io._layout import Layout
from parasim.plugins import System, build_system
from parasim.plugins._discovery import Plugin
from parasim.plugins._own_code import names_code, own_vector_field
from parasim.plugins._registry import find
from parasim.simulation.planning._diagnostics import window_fields
from parasim.simulation.planning._dtype import ENABLE_64_BIT, resolve_dtype
from parasim.simulation.planning._grid import Grid, make_grid
from parasim.simulation.planning._inputs import describe_inputs, driven_model
from parasim.simulation.planning._model import (
    Model,
    check_vector_field,
    one_run,
    plain_model,
    system_model,
)
from parasim.simulation.planning._provenance import as_json, fingerprint, root_attributes
from parasim.simulation.planning._resources import batch_that_fits
from parasim.simulation.planning._runs import Runs, Sweep, make_runs
from parasim.simulation.planning._solvers import (
    check_terms,
    for_system,
    system_dt,
    with_driven_resets,
    with_tolerances,
)
from parasim.simulation.provenance._environment import is_64_bit

_MOST_STEPS_32_BIT = 2**31 - 1
_LARGEST_SEED = 2**62  # members count on from it


@dataclass(frozen=True, eq=False)
class Plan:
    """A run that has been checked and could begin.

    Attributes:
        model: what is integrated.
        grid: the times.
        solver: how.
        layout: the arrays of the store.
        configuration: everything that decides the result, resolved.
        attributes: of the store's root.
        runs: side by side.
        forcings: the data that drive parameters, by name.
        host: the CPU that makes the sequential steps, if that is not the device in use.
    """

    model: Model
    grid: Grid
    solver: ParallelNewton
    layout: Layout
    configuration: Mapping[str, Any]
    attributes: Mapping[str, Any]
    runs: Runs
    forcings: Mapping[str, Forcing]
    host: Any

    @property
    def ensemble(self) -> bool:
        """Whether there are axes of runs side by side."""
        return bool(self.runs.axes)

    def with_request(self, request: Mapping[str, Any] | None) -> "Plan":
        """Return the same plan, that says how it can be made again."""
        if request is None:
            return self
        attributes = {**self.attributes, "request": json.dumps(request)}
        return dataclasses.replace(self, attributes=attributes)

    def block(self, region: int) -> tuple[Any, Any]:
        """Return the initial states and the arguments of a region's runs.

        With runs side by side they have one leading axis, and as many entries in every region:
        where there are fewer runs, the last one is there several times.
        """
        if not self.ensemble:
            return self.model.y0, self.model.args
        place, axes = self.layout.regions[region], len(self.runs.axes)

        def part(leaf: np.ndarray) -> np.ndarray:
            runs = leaf[place].reshape(-1, *leaf.shape[axes:])
            return np.pad(
                runs, [(0, self.runs.together - len(runs)), *[(0, 0)] * (runs.ndim - 1)], "edge"
            )

        args = self.model.args
        if self.runs.swept:
            args = {**args, **{name: part(args[name]) for name in self.runs.swept}}
        return jax.tree.map(part, self.model.y0), args


def make_plan(
    system: str | System | Callable[[Any, Any, Any], Any],
    *,
    params: Any = None,
    y0: Any = None,
    t0: float = 0.0,
    t1: float,
    dt: float | None = None,
    solver: diffrax.AbstractSolver | None = None,
    every: int = 1,
    dtype: Any = None,
    seed: int = 0,
    inputs: Mapping[str, Any] | None = None,
    members: int | None = None,
    perturbation: float | None = None,
    sweep: Mapping[str, Any] | Sweep | None = None,
    batch: int | None = None,
    encoding: Encoding | None = None,
    host: Any = None,
    costs: DeviceCosts | None = None,
    request: Mapping[str, Any] | None = None,
    parts: int = 1,
    used: Sequence[Plugin] = (),
) -> Plan:
    """Check and resolve the arguments of `simulate`; starts and writes nothing.

    Arguments:
        host: a CPU that may make sequential steps; by default the one beside the device in use, if
            that is another.
        costs: of a run that is continued, instead of those that are known now.
        request: what makes the same plan again, if JSON can say that.
        parts: into how many the runs of an ensemble or a sweep should be divided, so that as many
            processes have something to do, if `batch` is not given.
        used: the plugins that were found by name for this run, beside the system.
        others: of `simulate`.

    Raises:
        ConfigError: something cannot be done as asked; the message names the remedy.
    """
    kind = resolve_dtype(dtype)
    system, y0 = _own_vector_field(system, y0)
    newton = _parallel_newton(solver, kind)
    if isinstance(system, str):
        used = [*([] if names_code(system) else [find("systems", system)]), *used]
        system, values = build_system(system, _mapping("params", params))
    elif isinstance(system, System):
        values = system.resolve(_mapping("params", params))
    else:
        values = params
    if isinstance(system, System):
        newton = for_system(newton, system)
    grid = make_grid(t0, t1, system_dt(system, dt), every=every, window=newton.steps)
    if grid.steps > _MOST_STEPS_32_BIT and not is_64_bit():
        raise ConfigError(
            f"{grid.steps} steps cannot be counted in 32 bits: choose a larger dt, or "
            f"{ENABLE_64_BIT}"
        )
    seed = whole_number("seed", seed, minimum=0)
    if seed > _LARGEST_SEED:
        raise ConfigError(f"seed = {seed} is too large: choose one of at most {_LARGEST_SEED}")
    if not isinstance(sweep, Sweep):
        sweep = Sweep(_mapping("sweep", sweep))
    runs = make_runs(sweep, members, seed, system=system, params=params)
    make_model: Any = system_model if isinstance(system, System) else plain_model
    model = make_model(system, values, y0, dtype=kind, runs=runs, perturbation=perturbation)
    given = {**_mapping("params", params), **runs.swept} if runs.swept else params
    model, forcings = driven_model(model, system, inputs, params=given, grid=grid, dtype=kind)
    newton = with_driven_resets(newton, model.rule)
    check_vector_field(model, runs)
    one = one_run(model, runs)[0]
    windows = newton.window_solver(one, host=True)
    runs = runs.in_batches(batch, parts=parts, most=batch_that_fits(one, newton.steps, windows))
    host, costs = _stepping(windows, runs, host or host_beside(), costs)
    newton = dataclasses.replace(newton, costs=costs)  # of the whole run, and in the store
    encoding = encoding or Encoding()
    layout = Layout(
        fields=(*model.fields, *window_fields(model.time_unit, kind)),
        start=grid.t0,
        interval=grid.dt * grid.every,
        rows=grid.rows,
        window_ends=grid.window_ends,
        time_unit=model.time_unit,
        axes=runs.axes,
        coordinates=runs.coordinates,
        block=runs.block,
        encoding=encoding,
    )
    configuration = {
        "system": model.name,
        "set": as_json(model.settings),
        "input": describe_inputs(forcings),
        "y0": as_json(model.named_leaves(model.y0)),
        **{name: getattr(grid, name) for name in ("t0", "t1", "dt", "every")},
        "dtype": kind.name,
        "seed": seed,
        "members": members,
        "axes": dict(runs.axes),
        "coordinates": {c.name: as_json(c.values) for c in runs.coordinates},
        "together": list(runs.block),
        "solver": as_json(newton),
        "decision": as_json(windows.decision),
        "encoding": as_json(encoding),
        "equations": fingerprint(model, runs),
    }
    attributes = root_attributes(
        model=model,
        solver=newton.solver,
        configuration=configuration,
        request={**request, "batch": runs.together} if request and runs.axes else request,
        seed=seed,
        used=used,
    )
    return Plan(model, grid, newton, layout, configuration, attributes, runs, forcings, host)


def _stepping(
    windows: WindowSolver, runs: Runs, host: Any, kept: DeviceCosts | None
) -> tuple[Any, DeviceCosts]:
    """Return the host's CPU if it shall make the sequential steps, and the costs of the run."""
    if kept is not None:
        return (host if kept.host_step is not None else None), kept
    costs = windows.costs
    if host is None or costs.host_step is None or type(windows.decision) is AlwaysParallel:
        return None, costs.alone()
    # A device makes the steps of all members at once, and a CPU one after the other.
    costs = dataclasses.replace(costs, host_step=costs.host_step * runs.together)
    return (host, costs) if costs.stepping < costs.step else (None, costs.alone())


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a dictionary, empty for None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name} must be a dictionary by name, not {value!r}")
    return value


def _own_vector_field(system: Any, y0: Any) -> tuple[Any, Any]:
    """Take a vector field of the user's own from where its code is.

    A state that has one name is the array itself, as most vector fields have it.
    """
    field = own_vector_field(system) if names_code(system) else None
    if field is None:
        return system, y0
    if isinstance(y0, Mapping):
        y0 = {name: np.asarray(value, float) for name, value in y0.items()}
        y0 = next(iter(y0.values())) if len(y0) == 1 else y0
    return field, y0


def _parallel_newton(solver: Any, dtype: np.dtype) -> ParallelNewton:
    """Return the solver, wrapped if it is a bare one-step solver of diffrax."""
    if solver is None:
        return ParallelNewton()
    if not isinstance(solver, diffrax.AbstractSolver):
        raise ConfigError(
            f"solver must be a ParallelNewton or a diffrax solver such as diffrax.Tsit5(), "
            f"not {solver!r}"
        )
    check_terms(solver.solver if isinstance(solver, ParallelNewton) else solver)
    solver = with_tolerances(solver, dtype)
    return solver if isinstance(solver, ParallelNewton) else ParallelNewton(solver)
