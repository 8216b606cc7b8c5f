"""One system under all models: recorded or taken from the cache, then every rule's mean time."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import parasim.integrators
from oracle.flows import flow
from oracle.models import MODELS
from oracle.on_policy import Spent, spent
from oracle.planning import plan
from oracle.profiles import Profiles, record
from oracle.rules import Course, always, oracle, sign_of_exponent
from oracle.step_size import step_size

_Recorded = TypeVar("_Recorded", Profiles, Spent)

SIGN_WINDOW = 1024


@dataclass(frozen=True)
class Settings:
    """What is compared.

    Attributes:
        models: names of cost models.
        steps: lengths of runs.
        windows: the `steps` of ParallelNewton that `auto` is run with.
        starts: how many runs there are of each system, from states near each other.
        interval: L, of everything.
        cache: the folder for what was recorded.
    """

    models: Sequence[str]
    steps: Sequence[int]
    windows: Sequence[int]
    starts: int
    interval: int
    cache: Path


def rows(name: str, settings: Settings) -> list[dict[str, Any]]:
    """Return a row for every model and length of run: mean times, in those of stepping.

    A start whose trajectory does not stay finite is left out.
    """
    dt, d, recorded = _profiles(name, settings)
    finite = [number for number, profiles in enumerate(recorded) if profiles.finite]
    if not finite:
        raise FloatingPointError("the trajectory does not stay finite")
    found = []
    for model in settings.models:
        costs = MODELS[model].costs(d, settings.interval)
        runs = {window: _spent(name, dt, model, window, settings) for window in settings.windows}
        for steps in settings.steps:
            courses = [
                Course(_until(recorded[number], steps), costs, settings.interval, steps)
                for number in finite
            ]
            best = oracle(courses)
            times = {
                rule: float(np.mean([time(course) for course in courses]))
                for rule, time in _RULES.items()
            }
            for window, spent_by in runs.items():
                last = steps // window - 1
                each = [spent_by[n].time[last] + spent_by[n].measuring[last] for n in finite]
                times[f"auto {window}"] = float(np.mean(each))
            stepping = courses[0].stepping
            found.append(
                {
                    "system": name,
                    "d": d,
                    "dt": f"{dt:.6g}",
                    "exponent": f"{_exponent(courses) / dt:.4g}",
                    "model": model,
                    "steps": steps,
                    "starts": len(finite),
                    "oracle": f"{best.time / stepping:.5f}",
                    "oracle N": best.window,
                    "oracle k": best.cap,
                    "oracle guess": best.guess,
                }
                | {rule: f"{time / stepping:.5f}" for rule, time in times.items()}
            )
    return found


_RULES: Mapping[str, Callable[[Course], float]] = {
    "sequential": lambda course: course.stepping,
    "N=256": lambda course: always(course, 256),
    "N=1024": lambda course: always(course, 1024),
    "sign": lambda course: sign_of_exponent(course, SIGN_WINDOW),
    "plan": lambda course: plan(course, gate=False),
    "plan+gate": lambda course: plan(course, gate=True),
}


def _exponent(courses: Sequence[Course]) -> float:
    return float(np.mean([np.nanmean(course.profiles.exponents) for course in courses]))


def _until(profiles: Profiles, steps: int) -> Profiles:
    kept = profiles.positions < steps
    until = {key: value[kept] for key, value in profiles._asdict().items() if key != "finite"}
    return profiles._replace(**until)


def _profiles(name: str, settings: Settings) -> tuple[float, int, list[Profiles]]:
    steps = max(settings.steps)
    files = _files(f"{_safe(name)}-L{settings.interval}-{steps}", settings)
    missing = [number for number, file in enumerate(files) if not file.exists()]
    if missing:
        of = flow(name)
        dt = step_size(of) if 0 in missing else _stored(files[0], "dt")
        starts = of.starts(settings.starts)
        recorded = record(of, dt, steps, settings.interval, [starts[n] for n in missing])
        for number, profiles in zip(missing, recorded, strict=True):
            np.savez_compressed(files[number], dt=dt, d=of.y0.size, **profiles._asdict())
    dt, d = _stored(files[0], "dt"), int(_stored(files[0], "d"))
    return dt, d, [_load(file, Profiles) for file in files]


def _spent(name: str, dt: float, model: str, window: int, settings: Settings) -> list[Spent]:
    steps = max(settings.steps)
    costs = MODELS[model].costs(1, settings.interval)
    told = "-".join(map(str, asdict(costs).values()))
    files = _files(
        f"{_safe(name)}-L{settings.interval}-{steps}-{model}-{window}-{_version(told)}", settings
    )
    missing = [number for number, file in enumerate(files) if not file.exists()]
    if missing:
        of = flow(name)
        starts = of.starts(settings.starts)
        chosen = [starts[number] for number in missing]
        runs = spent(of, dt, MODELS[model], steps, window, settings.interval, chosen)
        for number, run in zip(missing, runs, strict=True):
            np.savez_compressed(files[number], **run._asdict())
    return [_load(file, Spent) for file in files]


def _files(stem: str, settings: Settings) -> list[Path]:
    """Return a file for every start."""
    return [
        settings.cache / (f"{stem}-start{number}.npz" if number else f"{stem}.npz")
        for number in range(settings.starts)
    ]


def _stored(file: Path, field: str) -> float:
    with np.load(file) as stored:
        return float(stored[field])


def _load(file: Path, of: type[_Recorded]) -> _Recorded:
    with np.load(file) as stored:
        return of(**{field: stored[field] for field in of._fields})


@cache
def _version(told: str) -> str:
    """Return a short name for the product's numerics and a model's costs."""
    digest = hashlib.sha256(told.encode())
    for path in sorted(Path(parasim.integrators.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _safe(name: str) -> str:
    return name.replace(":", "-")
