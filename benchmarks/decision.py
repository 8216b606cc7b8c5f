"""How close the default decision comes to the best choice in hindsight.

python benchmarks/decision.py [--systems NAME ...] [--every K] [--models NAME ...] [--steps N ...]
                              [--windows N ...] [--starts K] [--interval L] [--cache DIR] [--jobs 2]
                              [--out FILE]

Over dysts' autonomous flows (`pip install --no-deps dysts==0.96`; breadth, not truth) and parasim's
systems, with Tsit5 in float64. Times are reckoned, by models of devices (`oracle/models.py`).

* **auto** is the product on policy: `mode="auto"` with the costs of the model, over all steps. Its
  time is what its history has added up, and the measuring of growth in sequential windows.
* **oracle** is the best of stepping and all fixed windows (32 to 4096 steps), caps on iterations
  (2 to 12) and first guesses (coarse, analogue), per system, model and length in hindsight.
* Times are means over `--starts` runs of each system, from states near each other: in chaos one
  run is a single draw, of which the oracle would take the luckiest.
* **N=256, N=1024** always go parallel, with at most 5 iterations, from an analogue if there is one.
  **sign** does so with 1,024 steps where the running exponent is negative. **plan** and
  **plan+gate** are those of shared/DECISION.md, section 5.

The oracle and these rules walk over profiles: every 512 steps (from 16,384 on every 2,048) the
product's own Newton iteration, on 4,096 steps, from both guesses. Profiles stay in the cache when
the product changes (delete them to record anew); runs of `auto` do not.
"""

import argparse
import shlex
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jax
from common import conditions, printed
from oracle.cases import Settings, rows
from oracle.flows import flow_names
from oracle.models import MODELS
from oracle.report import table, worst, written
from oracle.step_size import NoStep
from rich.console import Console

# What keeps a system out: it branches on numbers, it has no step, or it blows up.
_NO_CASE = (jax.errors.TracerBoolConversionError, NoStep, FloatingPointError)


def case(name: str, settings: Settings) -> tuple[str, list[dict[str, Any]], str, float]:
    """Return a system's rows, or why there are none, and the seconds taken."""
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    start = time.perf_counter()
    try:
        found, why_not = rows(name, settings), ""
    except _NO_CASE as error:
        found, why_not = [], f"{type(error).__name__}: {str(error).splitlines()[0]}"
    jax.clear_caches()
    return name, found, why_not, time.perf_counter() - start


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--systems", nargs="+", help="by default all of them")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth system")
    parser.add_argument("--models", nargs="+", default=["G60", "CPU2"], choices=MODELS)
    parser.add_argument("--steps", nargs="+", type=int, default=[16_384, 65_536])
    parser.add_argument("--windows", nargs="+", type=int, default=[1024])
    parser.add_argument("--starts", type=int, default=1, help="runs of each system")
    parser.add_argument("--interval", type=int, default=8)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "parasim-decision"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--worst", type=int, default=12, help="systems listed at the end")
    parser.add_argument("--out", type=Path, help="CSV file for the numbers")
    given = parser.parse_args()
    if any(steps % 4096 for steps in given.steps):
        parser.error("--steps must be multiples of 4096, the longest window")
    if any(min(given.steps) % window for window in given.windows):
        parser.error("--windows must divide the steps")
    return given


def _command(given: argparse.Namespace) -> str:
    """Return what was asked for, without the folders of this machine."""
    some = {
        name: getattr(given, name) for name in ("systems", "every", "models", "steps", "windows")
    }
    words = ["python", "benchmarks/decision.py"]
    words += ["--interval", str(given.interval), "--starts", str(given.starts)]
    for name, value in some.items():
        if value:
            words += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words)


def main() -> int:
    given = arguments()
    jax.config.update("jax_enable_x64", True)
    known, left_out = flow_names()
    names = given.systems or known[:: given.every]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise SystemExit(f"no such system, or one that is left out: {', '.join(unknown)}")
    given.cache.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        given.models, given.steps, given.windows, given.starts, given.interval, given.cache
    )
    told, found = Console(stderr=True), []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        cases = pool.map(case, names, [settings] * len(names))
        for number, (name, some, why_not, seconds) in enumerate(cases, 1):
            found += some
            if why_not:
                left_out[name] = why_not
            told.print(f"{number}/{len(names)} {name} {seconds:.0f} s {why_not}", highlight=False)
    if not found:
        raise SystemExit(f"nothing to compare: {left_out}")
    under = conditions(
        command=_command(given),
        systems=len({row["system"] for row in found}),
        dysts="0.96",
        solver="Tsit5",
        interval=given.interval,
    )
    under["left out"] = "; ".join(f"{name} {why}" for name, why in left_out.items())
    if given.out:
        written(given.out, under, found)
    printed(under, table(found))
    for window in given.windows:
        Console(width=140).print(worst(found, f"auto {window}", given.worst))
    return 0


if __name__ == "__main__":
    sys.exit(main())
