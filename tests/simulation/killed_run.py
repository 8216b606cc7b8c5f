"""A run that kills itself: `python killed_run.py STORE MODE KILL`, where KILL is a number.

At the KILL-th write of a file the process is gone: before it, in the middle of it, or after it,
in turn. A number that is never reached lets the run end.
"""

import os
import signal
import sys

import jax
import zarr.storage._local as local

from parasim import ParallelNewton, simulate
from parasim.io import Encoding, RegionWriter, _writer

RUN = {"t1": 30.01, "dt": 0.01, "every": 3}


def solver(mode: str) -> ParallelNewton:
    return ParallelNewton(steps=100, mode=mode)


def run(store, mode: str):
    """Write many small files, and commit often."""
    assert RegionWriter.__init__.__kwdefaults__ is not None
    RegionWriter.__init__.__kwdefaults__["commit_seconds"] = 0.0
    _writer._LEAST_SHARE = 0
    encoding = Encoding(chunk_rows=64)
    return simulate(
        "lorenz63", **RUN, solver=solver(mode), store=store, encoding=encoding, resume=True
    )


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(count: int) -> None:
    """Replace zarr's way to write a file."""
    put, left = local._put, iter(range(1, count))

    def dying(path, value, exclusive=False):
        if next(left, None) is not None:
            return put(path, value, exclusive=exclusive)
        if count % 3 == 0:
            die()
        if count % 3 == 1:
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(".0.partial")
            half.write_bytes(value.to_bytes()[: len(value.to_bytes()) // 2])
            die()
        put(path, value, exclusive=exclusive)
        die()

    local._put = dying


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    killed_at(int(sys.argv[3]))
    run(sys.argv[1], sys.argv[2])
