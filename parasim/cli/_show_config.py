"""`parasim show-config`: what a run would be made with, and where each value comes from."""

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from parasim import _text
from parasim._errors import ConfigError
from parasim.cli._datasets import is_stored_run
from parasim.cli._json import write_json
from parasim.cli._options import json_option
from parasim.cli._run import read_options, run
from parasim.cli._stored_config import Value, stored_values

if TYPE_CHECKING:
    from parasim.simulation import Plan, RunConfig

_EPILOG = """\b
Examples:
  parasim show-config run.toml
  parasim show-config run.toml --set rho=20 --json
  parasim show-config lorenz63 --t1 100 --dt 0.01 --out lorenz.zarr
  parasim show-config lorenz.zarr

A value comes from the command line, else from the run file, else it is a default: parasim's, or the
system's for its parameters. Costs of the device are those that `parasim calibrate` has measured, or
estimates.

Exit codes: 0 done, 2 a run could not be made with this."""

_VARIABLES = ("PARASIM_CACHE_DIR", "PARASIM_DISABLE_PLUGINS", "PARASIM_KERNELS", "JAX_PLATFORMS",
              "XLA_FLAGS", "JAX_ENABLE_X64")  # fmt: skip
_MOST_SHOWN = 4
_LEFT_OUT = ("force_unlock", "dry_run", "quiet", "workers", "scheduler", "as_json")


@click.command(
    "show-config",
    epilog=_EPILOG,
    params=[option for option in run.params if option.name not in _LEFT_OUT],
)
@json_option
def show_config(system: str, *, as_json: bool, **options: Any) -> None:
    """Print every value of a run, and where it comes from.

    The options are those of `parasim run`. Nothing is computed or written. Of a STORE it prints
    what its run was made with; there are no options then.
    """
    if is_stored_run(system):
        given = [name for name, value in options.items() if value not in (None, ())]
        if given:
            raise ConfigError(
                f"{system} is a run already, made with what `parasim show-config {system}` says: "
                "leave out the options, or name a system or a run file"
            )
        _print(stored_values(system), as_json=as_json)
        return
    from parasim.simulation import make_config

    flags, from_file = read_options(system, options)
    config = make_config(flags, from_file)

    import jax

    from parasim.simulation import plan_config

    with jax.enable_x64(config.dtype == "float64"):
        plan = plan_config(config)
        values = [
            *_options(config, plan, flags, from_file or {}, system),
            *_settings(config, plan, flags, system),
            *_costs(plan),
            *_environment(),
        ]
    _print(values, as_json=as_json)


def _print(values: list[Value], *, as_json: bool) -> None:
    if as_json:
        write_json([value._asdict() for value in values])
        return
    rows = [(v.key, _shown(v.value), v.origin) for v in values]
    click.echo("\n".join(_text.columns([("key", "value", "from"), *rows])))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return _text.pairs(value)
    if isinstance(value, list) and len(value) > _MOST_SHOWN:
        return f"{', '.join(map(str, value[:_MOST_SHOWN]))}, ... ({len(value)} values)"
    return "none" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def _options(
    config: "RunConfig",
    plan: "Plan",
    flags: Mapping[str, Any],
    from_file: Mapping[str, Any],
    file: str,
) -> list[Value]:
    """Return all values but the system's own."""
    values = []
    for field in dataclasses.fields(config):
        key, value = field.name, getattr(config, field.name)
        given, below = flags.get(key), from_file.get(key)
        if key == "encoding":
            value = dataclasses.asdict(value)
        if key == "set":
            continue
        if not isinstance(value, Mapping):
            origin = _origin(key, flags, from_file, file)
            if key == "dt" and value is None:
                value, origin = plan.grid.dt, "default of the system"
            values.append(Value(key, value, origin))
            continue
        above, under = (t if isinstance(t, Mapping) else {} for t in (given, below))
        for name, item in value.items():
            shown: Any = dataclasses.asdict(item) if key == "input" else item
            values.append(Value(f"{key}.{name}", shown, _origin(name, above, under, file)))
    return values


def _origin(key: str, flags: Mapping[str, Any], below: Mapping[str, Any], file: str) -> str:
    if key in flags:
        return "command line"
    return f"run file {file}" if key in below else "default"


def _settings(
    config: "RunConfig", plan: "Plan", flags: Mapping[str, Any], file: str
) -> list[Value]:
    """Return parameters and options of the system."""
    values = []
    for name, value in plan.model.settings.items():
        origin = "default of the system"
        if name in config.set:
            origin = "command line" if name in flags.get("set", {}) else f"run file {file}"
        values.append(Value(f"set.{name}", value, origin))
    return values


def _costs(plan: "Plan") -> list[Value]:
    """Return what windows are reckoned to cost, and how that is known."""
    from parasim.simulation import costs_origin

    file = costs_origin(plan)
    origin = "estimate for such a device" if file is None else f"calibration {file}"
    costs = plan.configuration["solver"]["costs"]
    return [
        Value(f"costs.{name}", value, origin)
        for name, value in costs.items()
        if name != "class" and value is not None
    ]


def _environment() -> list[Value]:
    return [
        Value(name, os.environ[name], "environment") for name in _VARIABLES if name in os.environ
    ]
