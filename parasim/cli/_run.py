"""`parasim run`: integrate a system and write a store."""

import os
from typing import Any

import click

from parasim._errors import ConfigError
from parasim.cli._completion import complete_systems
from parasim.cli._datasets import is_stored_run
from parasim.cli._json import say
from parasim.cli._options import (
    Assignment,
    InputAssignment,
    cluster_options,
    debug_option,
    json_option,
)
from parasim.plugins._own_code import names_code
from parasim.plugins._registry import find

_EPILOG = """\b
Examples:
  parasim run lorenz63 --t1 100 --dt 0.01 --out lorenz.zarr
  parasim run lorenz96 --set sites=36 --set F=8 --t1 1000 --dt 0.05 --every 10 --out l96.zarr
  parasim run energy-balance --t0 1960 --t1 2000 --dt 1/12 --input co2=co2.csv:co2 --out ebm.zarr
  parasim run lorenz96 --ensemble 8 --sweep F=2:10:17 --t1 100 --dt 0.05 --out sweep.zarr
  parasim run run.toml --overwrite

A run file has the same keys: system, t0, t1, dt, out, every, mode, solver, steps, dtype, seed,
ensemble, perturbation, zip, batch, overwrite, sink and disable_plugins, and the tables [set], [y0],
[sweep], [encoding] (access, chunk_rows, shard_rows, compression, keep_bits) and [input.NAME] (file,
variable, interpolation, epoch). Paths in it are relative to its folder. A flag wins over the file,
the file over the default.

Exit codes: 0 done, 2 something was asked for that cannot be done, 3 the integration failed, 4 the
store is in the way or cannot be written, 5 a plugin is broken, 130 interrupted, 143 terminated."""


@click.command(epilog=_EPILOG)
@click.argument("system", metavar="SYSTEM|FILE.toml|CODE:NAME", shell_complete=complete_systems)
@click.option("--t0", metavar="T", help="First time, in the system's unit.  [default: 0]")
@click.option("--t1", metavar="T", help="Last time; a whole number of steps after t0.")
@click.option("--dt", metavar="H", help="Step; a number, or a fraction such as 1/12.  "
              "[default: the system's own]")  # fmt: skip
@click.option("--out", metavar="STORE", help="The zarr store to write.")
@click.option("--sink", metavar="NAME", help="What writes it: zarr, or a sink of a plugin.  "
              "[default: zarr]")  # fmt: skip
@click.option("--set", "set_", type=Assignment(), multiple=True, help="A parameter or an option.")
@click.option("--y0", type=Assignment(), multiple=True, help="An initial value, or several: x=1,2.")
@click.option("--input", "input_", type=InputAssignment(), multiple=True, help="Data that drive a "
              "parameter: NetCDF, zarr or CSV.")  # fmt: skip
@click.option("--interpolation", metavar="KIND", help="Of the data: linear or cubic.  [default: "
              "linear]")  # fmt: skip
@click.option("--epoch", metavar="DATE", help="The date at time 0, if the data have dates.")
@click.option("--every", type=int, metavar="K", help="Save each K-th state.  [default: 1]")
@click.option("--mode", metavar="MODE", help="auto, parallel or sequential.  [default: auto]")
@click.option("--solver", metavar="NAME", help="Of the steps: euler, heun, midpoint, ralston, "
              "bosh3, tsit5, dopri5, dopri8, impliciteuler, trapezoidal, kvaerno3, kvaerno4, "
              "kvaerno5, or a plugin's.  [default: tsit5]")  # fmt: skip
@click.option("--steps", type=int, metavar="N", help="Steps in a window.  [default: 1024]")
@click.option("--dtype", metavar="DTYPE", help="float64 or float32.  [default: float64]")
@click.option("--seed", type=int, metavar="S", help="For a random initial state.  [default: 0]")
@click.option("--overwrite/--no-overwrite", default=None, help="Replace an existing store.  "
              "[default: no-overwrite]")  # fmt: skip
@click.option("--ensemble", type=int, metavar="N", help="Run N members side by side.")
@click.option("--perturbation", metavar="A", help="Of their initial states, relative.  [default: "
              "0.001 if they would all be the same]")  # fmt: skip
@click.option("--sweep", type=Assignment("NAME=FIRST:LAST:COUNT|V1,V2,..."), multiple=True,
              help="Values of a parameter; of several, all combinations.")  # fmt: skip
@click.option("--zip/--product", "zip", default=None, help="Take swept values together instead.  "
              "[default: product]")  # fmt: skip
@click.option("--batch", type=int, metavar="B", help="Runs computed together at most.  "
              "[default: 64]")  # fmt: skip
@click.option("--access", metavar="KIND", help="Choose chunks for reading series, maps or both.  "
              "[default: both]")  # fmt: skip
@click.option("--chunk-rows", type=int, metavar="N", help="Saved states in a chunk.")
@click.option("--shard-rows", type=int, metavar="N", help="Saved states in a file of chunks.")
@click.option("--compression", metavar="NAME", help="none, lz4 or zstd.  [default: none]")
@click.option("--keep-bits", type=int, metavar="N", help="Round states to N bits of mantissa, a "
              "relative error of 2^-(N+1).  [default: all]")  # fmt: skip
@cluster_options
@click.option("--force-unlock", is_flag=True, show_default=False, help="Replace a store even if a "
              "process is said to write it.")  # fmt: skip
@click.option("--dry-run", is_flag=True, show_default=False, help="Say what would be done, and "
              "write nothing.")  # fmt: skip
@click.option("--quiet", is_flag=True, show_default=False, help="No progress bar and no summary.")
@json_option
@debug_option
def run(
    system: str,
    *,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    force_unlock: bool,
    workers: int | None,
    scheduler: str | None,
    **options: Any,
) -> None:
    """Integrate a system and stream it to a zarr store.

    SYSTEM is a name that `parasim systems` lists; FILE.toml is a run file; model.py:NAME or
    package.module:NAME is a vector field f(t, y, args) of your own, or what makes a
    parasim.System: that runs your code. The times t0 + n dt are computed, t0 included, in windows
    of N steps that are solved together where that is expected to pay.
    """
    from parasim.simulation import make_config, plan_config

    flags, from_file = read_options(system, options)
    config = make_config(flags, from_file)

    import jax

    from parasim.cli._report import describe_plan, plan_record
    from parasim.cli._running import show_run
    from parasim.plugins._registry import disabling
    from parasim.simulation import (
        check_run,
        compile_plan,
        find_sink,
        is_store,
        parts_for,
        run_into,
        run_plan,
    )

    with jax.enable_x64(config.dtype == "float64"), disabling(config.disable_plugins):
        spread = workers is not None or scheduler is not None
        sink = find_sink(config.sink, config.out, spread=spread)
        plan = plan_config(config, parts=parts_for(scheduler, workers))
        if is_store(sink):
            check_run(plan, config.out, overwrite=config.overwrite)
        if dry_run:
            said = plan, config, compile_plan(plan).memory
            say(plan_record(*said), describe_plan(*said), as_json=as_json)
            return

        def start(report: Any) -> None:
            if not is_store(sink):
                out, overwrite = str(config.out), config.overwrite
                run_into(plan, sink, out, overwrite=overwrite, progress=report)
                return
            run_plan(
                plan,
                config.out,
                overwrite=config.overwrite,
                force_unlock=force_unlock,
                scheduler=scheduler,
                workers=workers,
                progress=report,
            )

        show_run(plan, config.out, start, quiet=quiet, as_json=as_json, sink=config.sink)


_ENCODING = ("access", "chunk_rows", "shard_rows", "compression", "keep_bits")


def read_options(
    system: str, options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the flags that were given, by the keys of a run file, and what is in the run file.

    Arguments:
        system: a name, or a run file.
        options: as click hands them over.

    Raises:
        ConfigError: the run file cannot be read, flags do not go together, or there is no such
            system.
    """
    from parasim.simulation import read_run_file

    if is_stored_run(system):
        raise ConfigError(
            f"{system} is a run already: go on with it by `parasim resume {system}`, or name a "
            "system or a run file"
        )
    from_file = read_run_file(system) if _is_run_file(system) else None
    if from_file is None and not names_code(system):
        find("systems", system)  # before anything that is missing
    return _flags(system, from_file, options), from_file


def _is_run_file(system: str) -> bool:
    path = system.endswith(".toml") or "/" in system or os.sep in system
    return path and not names_code(system)


def _flags(system: str, from_file: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the flags that were given, by the keys of a run file."""
    flags = {key: value for key, value in options.items() if value is not None}
    flags["set"] = dict(flags.pop("set_"))
    flags["y0"] = dict(flags["y0"])
    flags["sweep"] = dict(flags["sweep"])
    encoding = {key: flags.pop(key) for key in _ENCODING if key in flags}
    flags["encoding"] = encoding
    inputs = dict(flags.pop("input_"))
    shared = {key: flags.pop(key) for key in ("interpolation", "epoch") if key in flags}
    if shared and isinstance((from_file or {}).get("input"), dict):
        inputs = {name: {} for name in from_file["input"]} | inputs
    if shared and not inputs:
        raise ConfigError(
            f"--{' and --'.join(shared)} says how to read the data that drive a parameter, and "
            "there are none: give --input too, or leave it out"
        )
    flags["input"] = {name: table | shared for name, table in inputs.items()}
    return flags if from_file is not None else flags | {"system": system}
