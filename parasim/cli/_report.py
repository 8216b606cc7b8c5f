"""What `parasim run` says before a run, and after it."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parasim import _text

if TYPE_CHECKING:
    from parasim.io import Forcing
    from parasim.simulation import Plan, Progress, RunConfig


def describe_plan(plan: "Plan", config: "RunConfig", memory: int) -> str:
    """Say what would be done: the resolved configuration, the grid, the windows, the store.

    Arguments:
        plan: the run.
        config: what it was made from.
        memory: the bytes that its windows take on the device.
    """
    grid, model, layout = plan.grid, plan.model, plan.layout
    windows = f"{_text.count(grid.windows)} of {_text.count(grid.window)} steps"
    if grid.tail and grid.windows > 1:
        windows += f", the last one of {_text.count(grid.tail)}"
    variables = [
        f"{f.name} {_text.shape(layout.dims(f), layout.full_shape(f))} {f.dtype.name}"
        + (f", {f.attributes['units']}" if f.attributes.get("units", "1") != "1" else "")
        for f in model.fields
    ]
    lines = [
        ("system", f"{model.name}: {model.description}"),
        ("parameters", _text.pairs(model.settings)),
        ("driven by", "\n".join(_forcing(name, f) for name, f in plan.forcings.items())),
        ("time", f"{_text.number(grid.t0)} to {_text.quantity(grid.t1, model.time_unit)}"),
        ("steps", f"{_text.count(grid.steps)} of {_text.quantity(grid.dt, model.time_unit)}"),
        ("windows", windows),
        ("solver", f"{config.solver}, {plan.solver.mode}, {config.dtype}, seed {config.seed}"),
        ("saved", f"{_text.count(grid.rows)} states, each {_ordinal(grid.every)}"),
        ("variables", "\n".join(variables)),
        ("memory", f"{_text.size(memory)} for the windows" if memory else ""),
        ("store", f"{config.out}, {_text.size(layout.nbytes)}"),
    ]
    return _text.aligned(lines) + "\n\nNothing was computed or written (--dry-run)."


def plan_record(plan: "Plan", config: "RunConfig", memory: int) -> dict[str, Any]:
    """Return what `describe_plan` says, for JSON; arguments are the same."""
    grid, layout = plan.grid, plan.layout
    return {
        "written": False,
        "system": plan.model.name,
        "settings": plan.model.settings,
        "inputs": {name: str(forcing.source) for name, forcing in plan.forcings.items()},
        "t0": grid.t0,
        "t1": grid.t1,
        "dt": grid.dt,
        "time_unit": plan.model.time_unit,
        "steps": grid.steps,
        "windows": grid.windows,
        "window_steps": grid.window,
        "solver": config.solver,
        "mode": plan.solver.mode,
        "dtype": config.dtype,
        "seed": config.seed,
        "saved": grid.rows,
        "every": grid.every,
        "variables": {
            f.name: {
                "dims": dict(zip(layout.dims(f), layout.full_shape(f), strict=True)),
                "dtype": f.dtype.name,
                "unit": f.attributes.get("units", "1"),
            }
            for f in plan.model.fields
        },
        "memory": memory or None,
        "store": str(config.out),
        "sink": config.sink,
        "size": layout.nbytes,
    }


def _ordinal(every: int) -> str:
    return "step" if every == 1 else f"{_text.count(every)} steps"


def _forcing(name: str, forcing: "Forcing") -> str:
    """Say where a driven parameter's data come from, and what was made up."""
    text = f"{name}: {forcing.variable} in {forcing.source}, {forcing.interpolation}"
    text += f", {_text.count(forcing.total)} values"
    if forcing.filled:
        text += f", {_text.count(forcing.filled)} missing and interpolated"
    if forcing.trimmed:
        text += f", {_text.count(forcing.trimmed)} missing at the ends and left out"
    return text


def describe_result(
    plan: "Plan", progress: "Progress", out: "str | Path", sink: str = "zarr"
) -> str:
    """Say what was done, how long it took, and how to open what was written."""
    from parasim.io._window_words import delivered

    growth = ""
    if math.isfinite(progress.mean_growth_rate):
        growth = f"{_text.rate(progress.mean_growth_rate, plan.model.time_unit)} on average"
    lines = [
        ("system", plan.model.name),
        ("driven by", "\n".join(_forcing(name, f) for name, f in plan.forcings.items())),
        ("steps", f"{_text.count(progress.steps)} to t = "
                  f"{_text.quantity(progress.t, plan.model.time_unit)}"),
        ("took", f"{_text.seconds(progress.compile_seconds)} to compile, "
                 f"{_text.seconds(progress.run_seconds)} to run: "
                 f"{_text.count(progress.steps_per_second)} steps/s"),
        ("windows", delivered(progress.windows, progress.parallel, progress.fell_back)),
        ("growth", growth),
        *_written(out, sink),
    ]  # fmt: skip
    return _text.aligned(lines)


def result_record(
    plan: "Plan", progress: "Progress", out: "str | Path", sink: str = "zarr"
) -> dict[str, Any]:
    """Return what `describe_result` says, for JSON; arguments are the same."""
    return {
        "written": True,
        "system": plan.model.name,
        "steps": progress.steps,
        "t": progress.t,
        "time_unit": plan.model.time_unit,
        "compile_seconds": progress.compile_seconds,
        "run_seconds": progress.run_seconds,
        "steps_per_second": progress.steps_per_second,
        "windows": progress.windows,
        "parallel": progress.parallel,
        "fell_back": progress.fell_back,
        "mean_growth_rate": progress.mean_growth_rate,
        "store": str(out),
        "sink": sink,
        "size": _size(out) if sink == "zarr" else None,
    }


def _size(out: "str | Path") -> int:
    from parasim.io._objects import store_size

    return store_size(out)


def _written(out: "str | Path", sink: str) -> list[tuple[str, str]]:
    if sink != "zarr":
        return [
            ("written", f"{out}, by {sink}"),
            ("open it", f'parasim.open("{out}", sink="{sink}")'),
        ]
    return [("store", f"{out}, {_text.size(_size(out))}"), ("open it", f'parasim.open("{out}")')]
