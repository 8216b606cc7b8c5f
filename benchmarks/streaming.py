"""What streaming to a store costs: beside a plain write of the same bytes, and beside computing.

    python benchmarks/streaming.py [--folder DISK]

Prints two ratios for Lorenz-96 with 40 sites in float64, medians over interleaved rounds in one
process: the throughput of the streaming path relative to writing the same bytes to one file, both
synced to the disk at the end; and the wall time of computing and writing together relative to the
larger of the two alone.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from parasim.io import Field, Layout, StoreSession
from parasim.io._commits import Commit, Start
from parasim.io._memory import MemoryRegion
from parasim.simulation.planning._plan import make_plan
from parasim.simulation.running._compile import checkpoint, compile_plan
from parasim.simulation.running._execute import execute

SITES, STEPS, BLOCK = 40, 1_000_000, 4096
_WARM = 2  # rounds, until memory is there and threads have been started


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def blocks() -> list[np.ndarray]:
    """Make what a run delivers: arrays of some rows each, which nobody changes any more."""
    random = np.random.default_rng(0)
    sizes = [min(BLOCK, STEPS - first) for first in range(0, STEPS, BLOCK)]
    made = [random.standard_normal((size, SITES)) for size in sizes]
    for block in made:
        block.flags.writeable = False
    return made


def plain(path: Path, data: list[np.ndarray]) -> None:
    """Write one file, and have it on the disk."""
    with path.open("wb") as file:
        for block in data:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def empty_store(path: Path) -> StoreSession:
    """Make a store, with its time coordinate."""
    field = Field("x", dims=("site",), shape=(SITES,))
    layout = Layout((field,), 0.0, 0.01, STEPS, np.zeros(0))
    return StoreSession.create(path, layout, {}, checkpoint_bytes=8)


def streamed(session: StoreSession, data: list[np.ndarray]) -> None:
    """Write a store as a run does, commits and syncing included."""
    with session, session.writer() as writer:
        for block in data:
            writer.put({"x": block})


class Nothing(MemoryRegion):
    """Takes rows, and drops them."""

    def put(self, rows: Any, mark: Any = None) -> None:
        """Drop rows."""
        del rows, mark


class NowhereSession:
    """A run whose results nobody keeps."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def start(self, region: int) -> Start:
        """Begin at the beginning."""
        del region
        return Start(Commit(), None, {})

    def writer(self, region: int = 0, commit: Any = None) -> Nothing:
        """Return what drops the rows of a region."""
        del commit
        return Nothing(self._layout, {}, region)


def throughput(folder: Path, rounds: int) -> None:
    data, size = blocks(), 8 * STEPS * SITES
    ratios, speeds = [], []
    for _ in range(rounds + _WARM):
        one = timed(lambda: plain(folder / "plain", data))
        (folder / "plain").unlink()
        session = empty_store(folder / "store")
        other = timed(partial(streamed, session, data))
        shutil.rmtree(folder / "store")
        ratios.append(one / other)
        speeds.append(size / other / 1e6)
    ratios, speeds = ratios[_WARM:], speeds[_WARM:]
    print(
        f"throughput of the streaming path: {statistics.median(ratios):.2f} of a plain write "
        f"({statistics.median(speeds):.0f} MB/s; goal 0.7; {rounds} rounds, "
        f"{min(ratios):.2f} to {max(ratios):.2f})"
    )


def overlap(folder: Path, rounds: int) -> None:
    plan = make_plan("lorenz96", t1=0.01 * STEPS, dt=0.01)
    compiled = compile_plan(plan)
    size = len(checkpoint(compiled.position))
    data = blocks()

    def both() -> None:
        attributes = plan.attributes
        with StoreSession.create(
            folder / "both", plan.layout, attributes, checkpoint_bytes=size
        ) as session:
            execute(plan, compiled, session)

    ratios, times = [], []
    for _ in range(rounds + _WARM):
        compute = timed(lambda: execute(plan, compiled, NowhereSession(plan.layout)))
        write = timed(lambda: streamed(empty_store(folder / "write"), data))
        together = timed(both)
        shutil.rmtree(folder / "write")
        shutil.rmtree(folder / "both")
        ratios.append(together / max(compute, write))
        times.append((compute, write, together))
    ratios, times = ratios[_WARM:], times[_WARM:]
    compute, write, together = (statistics.median(column) for column in zip(*times, strict=True))
    print(
        f"computing and writing together: {statistics.median(ratios):.2f} of the larger alone "
        f"(compute {compute:.2f} s, write {write:.2f} s, both {together:.2f} s; goal 1.15; "
        f"{rounds} rounds, {min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="on the disk in question; a temporary one by default")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    print(f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        throughput(Path(folder), chosen.rounds)
        overlap(Path(folder), chosen.rounds)


if __name__ == "__main__":
    main()
