"""One system under all models: recorded or taken from the cache, then every rule's time."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import parasim.integrators
from oracle.flows import flow
from oracle.models import MODELS
from oracle.on_policy import Spent, spent
from oracle.planning import plan
from oracle.profiles import Profiles, record
from oracle.rules import Course, always, oracle, sign_of_exponent
from oracle.step_size import step_size

SIGN_WINDOW = 1024


@dataclass(frozen=True)
class Settings:
    """What is compared.

    Attributes:
        models: names of cost models.
        steps: lengths of runs.
        windows: the `steps` of ParallelNewton that `auto` is run with.
        interval: L, of everything.
        cache: the folder for what was recorded.
    """

    models: Sequence[str]
    steps: Sequence[int]
    windows: Sequence[int]
    interval: int
    cache: Path


def rows(name: str, settings: Settings) -> list[dict[str, Any]]:
    """Return a row for every model and length of run; times are in those of stepping."""
    dt, d, profiles = _profiles(name, settings)
    if not profiles.finite:
        raise FloatingPointError("the trajectory does not stay finite")
    found = []
    for model in settings.models:
        costs = MODELS[model].costs(d, settings.interval)
        runs = {window: _spent(name, dt, model, window, settings) for window in settings.windows}
        for steps in settings.steps:
            course = Course(_until(profiles, steps), costs, settings.interval, steps)
            best = oracle(course)
            times = {
                "sequential": course.stepping,
                "N=256": always(course, 256),
                "N=1024": always(course, 1024),
                "sign": sign_of_exponent(course, SIGN_WINDOW),
                "plan": plan(course, gate=False),
                "plan+gate": plan(course, gate=True),
            }
            for window, run in runs.items():
                last = steps // window - 1
                times[f"auto {window}"] = run.time[last] + run.measuring[last]
            found.append(
                {
                    "system": name,
                    "d": d,
                    "dt": f"{dt:.6g}",
                    "exponent": f"{np.nanmean(profiles.exponents) / dt:.4g}",
                    "model": model,
                    "steps": steps,
                    "oracle": f"{best.time / course.stepping:.5f}",
                    "oracle N": best.window,
                    "oracle k": best.cap,
                    "oracle guess": best.guess,
                }
                | {rule: f"{time / course.stepping:.5f}" for rule, time in times.items()}
            )
    return found


def _until(profiles: Profiles, steps: int) -> Profiles:
    kept = profiles.positions < steps
    until = {key: value[kept] for key, value in profiles._asdict().items() if key != "finite"}
    return profiles._replace(**until)


def _profiles(name: str, settings: Settings) -> tuple[float, int, Profiles]:
    steps = max(settings.steps)
    file = settings.cache / f"{_safe(name)}-L{settings.interval}-{steps}.npz"
    if not file.exists():
        of = flow(name)
        dt = step_size(of)
        profiles = record(of, dt, steps, settings.interval)
        np.savez_compressed(file, dt=dt, d=of.y0.size, **profiles._asdict())
    with np.load(file) as stored:
        fields = {field: stored[field] for field in Profiles._fields}
        return float(stored["dt"]), int(stored["d"]), Profiles(**fields)


def _spent(name: str, dt: float, model: str, window: int, settings: Settings) -> Spent:
    steps = max(settings.steps)
    costs = MODELS[model].costs(1, settings.interval)
    told = "-".join(map(str, asdict(costs).values()))
    file = settings.cache / (
        f"{_safe(name)}-L{settings.interval}-{steps}-{model}-{window}-{_version(told)}.npz"
    )
    if not file.exists():
        run = spent(flow(name), dt, MODELS[model], steps, window, settings.interval)
        np.savez_compressed(file, **run._asdict())
    with np.load(file) as stored:
        return Spent(**{field: stored[field] for field in Spent._fields})


@cache
def _version(told: str) -> str:
    """Return a short name for the product's numerics and a model's costs."""
    digest = hashlib.sha256(told.encode())
    for path in sorted(Path(parasim.integrators.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _safe(name: str) -> str:
    return name.replace(":", "-")
