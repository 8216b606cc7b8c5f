"""The configuration of a run, from flags and a run file."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from parasim._errors import ConfigError, near_names
from parasim._numbers import finite_number
from parasim.integrators import DeviceCosts, ParallelNewton
from parasim.io._encoding import Encoding
from parasim.io._objects import Place
from parasim.plugins._discovery import Plugin
from parasim.plugins._own_code import absolute_name
from parasim.plugins._registry import disabling, find
from parasim.simulation.planning._inputs import InputFile
from parasim.simulation.planning._plan import Plan, make_plan
from parasim.simulation.planning._resume import stored_costs
from parasim.simulation.planning._runs import Sweep
from parasim.simulation.planning._solvers import inner_solver
from parasim.simulation.planning._values import check_values, parse_number, table


@dataclass(frozen=True)
class RunConfig:
    """What `parasim run` was asked to do; the names are the keys of a run file.

    Attributes:
        system: its name.
        t0, t1: the first and the last time, in the system's unit.
        dt: the step; None for that of the system.
        out: where the store shall be.
        every: save each `every`-th state.
        mode: "auto", "parallel" or "sequential".
        solver: the name of the inner solver.
        steps: the number of steps in a window.
        dtype: "float64" or "float32".
        seed: for a random initial state.
        overwrite: replace an existing store.
        sink: the name of what writes the store.
        disable_plugins: distributions, or `group:name`, that are not used.
        ensemble: the number of members; None without an ensemble.
        perturbation: of the members' initial states, relative; None as `simulate` has it.
        zip: whether swept parameters take their values together.
        batch: the largest number of runs computed together; None as `simulate` has it.
        set: parameters and structural options by name.
        y0: initial values by name of the variable.
        input: data that drive parameters, by name of the parameter.
        sweep: values of parameters, by name.
        encoding: chunks, compression and rounding of the store.
    """

    system: str
    t1: float
    out: Place
    dt: float | None = None
    t0: float = 0.0
    every: int = 1
    mode: str = "auto"
    solver: str = "tsit5"
    steps: int = 1024
    dtype: str = "float64"
    seed: int = 0
    overwrite: bool = False
    sink: str = "zarr"
    disable_plugins: tuple[str, ...] = ()
    ensemble: int | None = None
    perturbation: float | None = None
    zip: bool = False
    batch: int | None = None
    set: Mapping[str, float] = field(default_factory=dict)
    y0: Mapping[str, Any] = field(default_factory=dict)
    input: Mapping[str, InputFile] = field(default_factory=dict)
    sweep: Mapping[str, list[float]] = field(default_factory=dict)
    encoding: Encoding = field(default_factory=Encoding)

    @property
    def request(self) -> dict[str, Any]:
        """What makes the same run again, as JSON can hold it; paths are absolute."""
        values = {key: v for key, v in asdict(self).items() if key not in ("out", "overwrite")}
        values["system"] = absolute_name(self.system)
        for data in values["input"].values():
            data["file"] = str(Path(data["file"]).absolute())
        values["input"] = {name: _given(data) for name, data in values["input"].items()}
        values["encoding"] = _given(values["encoding"])
        return _given(values)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is None, which no run file can say."""
    return {key: value for key, value in values.items() if value is not None}


TABLES = ("set", "y0", "input", "sweep", "encoding")
_REQUIRED = tuple(
    f.name for f in fields(RunConfig) if f.default is MISSING and f.default_factory is MISSING
)


def make_config(flags: Mapping[str, Any], from_file: Mapping[str, Any] | None = None) -> RunConfig:
    """Combine flags and the values of a run file into a checked configuration.

    A flag wins over the file, the file over the default. Tables are combined key by key.

    Arguments:
        flags: the values that were given, by key; numbers may be text.
        from_file: as `read_run_file` returns them.

    Raises:
        ConfigError: a key is unknown or missing, or a value has the wrong type.
    """
    values = {**(from_file or {}), **flags}
    known = [f.name for f in fields(RunConfig)]
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown key {key!r} in the run file: {near_names(key, known)}")
    for name in TABLES:
        tables = [table(name, source.get(name)) for source in (from_file or {}, flags)]
        values[name] = _combined(*tables)
    return RunConfig(**check_values(values, _REQUIRED))


def _combined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table over another; tables inside them are laid over each other too."""
    both = [key for key in above if isinstance(below.get(key), Mapping)]
    inner = {key: {**below[key], **above[key]} for key in both if isinstance(above[key], Mapping)}
    return {**below, **above, **inner}


def request_config(request: Mapping[str, Any], out: Place) -> RunConfig:
    """Return the configuration that a store was made with, from `RunConfig.request`."""
    return RunConfig(**check_values({**request, "out": str(out)}, _REQUIRED))


def plan_config(config: RunConfig, costs: DeviceCosts | None = None, *, parts: int = 1) -> Plan:
    """Check the run that a configuration describes; starts and writes nothing.

    jax must be set to 64 bits already if the configuration asks for float64.

    Arguments:
        config: of the run.
        costs: of a run that is continued, instead of those that are known now.
        parts: as of `make_plan`.

    Raises:
        ConfigError: something cannot be done as asked; the message names the remedy.
    """
    values = {f.name: getattr(config, f.name) for f in fields(RunConfig)}
    with disabling(config.disable_plugins):
        used = [find("sinks", config.sink)]
        return plan_values(values, costs=costs, request=config.request, parts=parts, used=used)


def plan_stored(store: Any, attributes: Mapping[str, Any], t1: Any = None) -> Plan:
    """Make the plan of a store again, with the costs that its run decides by.

    Arguments:
        store: where it is.
        attributes: of it, from `stored_attributes`.
        t1: a later end, if it shall be lengthened.

    Raises:
        ConfigError: the store was made from Python, by what cannot be written down, or t1 is no
            later time.
    """
    if "request" not in attributes:
        raise ConfigError(
            f"{store} was made from Python: go on with it by the same call of parasim.simulate, "
            "and resume=True"
        )
    config = request_config(attributes["request"], store)
    if t1 is not None:
        later = finite_number("t1", parse_number("t1", t1))
        if later <= config.t1:
            raise ConfigError(f"{store} goes to t1 = {config.t1:.12g}: extend it to a later time")
        config = replace(config, t1=later)
    return plan_config(config, stored_costs(attributes))


def plan_values(values: Mapping[str, Any], *, used: Sequence[Plugin] = (), **options: Any) -> Plan:
    """Check the integration that values by the keys of a run file describe, as `plan_config`.

    Arguments:
        values: from `check_values`; those that are left out have their defaults.
        used: the plugins that were found by name, beside the system and the inner solver.
        options: others of `make_plan`.
    """
    defaults = {f.name: f.default for f in fields(RunConfig) if f.default is not MISSING}
    defaults |= {name: {} for name in TABLES} | {"encoding": Encoding()}
    chosen = {**defaults, **values}
    solver = ParallelNewton(
        inner_solver(chosen["solver"], chosen["dtype"]),
        steps=chosen["steps"],
        mode=chosen["mode"],
    )
    same = ("y0", "t0", "t1", "dt", "every", "dtype", "seed", "perturbation", "batch", "encoding")
    return make_plan(
        chosen["system"],
        params=chosen["set"],
        inputs=chosen["input"],
        solver=solver,
        members=chosen["ensemble"],
        sweep=Sweep(chosen["sweep"], chosen["zip"]),
        **{key: chosen[key] for key in same},
        used=[find("integrators", chosen["solver"]), *used],
        **options,
    )
