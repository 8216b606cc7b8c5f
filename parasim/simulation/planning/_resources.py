"""What a run needs of the machine: refused before it begins, if there is not as much."""

import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from parasim._errors import ConfigError, StoreError
from parasim._memory import device_memory, main_memory, size_text
from parasim.integrators.window._window import WindowSolver

_STATES = 8  # of a window, its temporaries included
_MOST_BLIND = 64  # runs side by side, where nobody says how much memory there is


def needed_memory(compiled: Any) -> int:
    """Return the bytes that a compiled function takes while it runs, as the compiler planned it."""
    planned = compiled.compiled.memory_analysis()
    if planned is None:  # not every platform says
        return 0
    parts = ("argument_size_in_bytes", "output_size_in_bytes", "temp_size_in_bytes")
    return sum(getattr(planned, part) for part in parts)


def check_window_memory(needed: int, device: Any) -> None:
    """Refuse windows that do not fit into the memory of a device.

    Raises:
        ConfigError: the message says to make the windows shorter.
    """
    there = device_memory(device)
    if there is not None and needed > there:
        raise ConfigError(
            f"the windows of this run take {size_text(needed)} of memory, and there are "
            f"{size_text(there)}: choose fewer steps per window (--steps; in Python, "
            "ParallelNewton(steps=...)); mode sequential takes the least"
        )


def batch_that_fits(y0: Any, steps: int, windows: WindowSolver) -> int:
    """Return how many runs side by side certainly fit into half of the memory of the device.

    Arguments:
        y0: the state of one run.
        steps: of a window.
        windows: their solver; states take most of what they need, and pieces in parallel.
    """
    there = device_memory()
    if there is None:
        return _MOST_BLIND
    leaves = jax.tree.leaves(y0)
    needed = _STATES * steps * sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    menu = windows.menu(steps, jnp.ones(()))
    if windows.why_never(menu) is None and windows.memory is not None:
        needed += windows.memory.needed(menu.sizes[0])
    return max(1, int(there / 2 / max(1, needed)))


def check_result_memory(needed: int) -> None:
    """Refuse to keep a result in memory that does not fit.

    Raises:
        ConfigError: the message says to thin it or to write a store.
    """
    there = main_memory()
    if there is not None and needed > there:
        raise ConfigError(
            f"the result takes {size_text(needed)}, and there are {size_text(there)} of memory: "
            "name a store to write it to, or save fewer states with every"
        )


def check_disk(target: Path, needed: int) -> None:
    """Refuse a store that does not fit on the disk, beside what stays there.

    Raises:
        StoreError: the message says to thin it.
    """
    there = next(p for p in (target.absolute(), *target.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        free += sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    if needed > free:
        raise StoreError(
            f"{target} will take {size_text(needed)}, and {size_text(free)} are free there: save "
            "fewer states with --every (every=...), or choose another path"
        )
