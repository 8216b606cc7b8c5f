"""What the benchmarks share: the systems, timing in turns, and under what conditions."""

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table


def lorenz63(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return jnp.stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def lorenz96(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return (jnp.roll(y, -1) - jnp.roll(y, 2)) * jnp.roll(y, 1) - y + 8


def compiled(run: Callable[[Any], Any], y0: Any) -> tuple[Callable[[Any], Any], float]:
    start = time.perf_counter()
    executable = jax.jit(run).lower(y0).compile()
    return executable, time.perf_counter() - start


def seconds(run: Callable[[Any], Any], y0: Any) -> float:
    start = time.perf_counter()
    jax.block_until_ready(run(y0))
    return time.perf_counter() - start


def rounds(runs: Sequence[Callable[[Any], Any]], y0: Any, repeats: int) -> np.ndarray:
    """Return the seconds of each run in each round; in a round they take turns."""
    for run in runs:
        jax.block_until_ready(run(y0))
    return np.array([[seconds(run, y0) for run in runs] for _ in range(repeats)])


def processor() -> str:
    """Return the processor's name, where the operating system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def conditions(**settings: Any) -> dict[str, Any]:
    """Return the date, the device, the versions, and the settings of the benchmark."""
    packages = ("parasim", "jax", "jaxlib", "diffrax", "equinox", "numpy")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "device": f"{jax.devices()[0].device_kind}, {processor()}",
        "CPUs": os.cpu_count(),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
        "dtype": str(jnp.zeros(()).dtype),
        **settings,
    }


def printed(told: dict[str, Any], table: Table) -> None:
    """Print the conditions and the table; into a file as wide as the table needs."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    for key, value in told.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if key == "versions" else value
        console.print(f"{key}: {text}", highlight=False)
    console.print(table)
