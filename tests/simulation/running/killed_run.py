"""A run that kills itself: `python killed_run.py STORE MODE KILL`, where KILL is a number.

At the KILL-th write of a file the process is gone: before it, in the middle of it, or after it,
in turn. A number that is never reached lets the run end.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import zarr.storage._local as local

from parasim import ParallelNewton, simulate
from parasim.io import Encoding, RegionWriter, _chunk_buffer, _writer

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
    """Replace the ways to write a file, zarr's and the one for plain chunks."""
    left, put, write_plain = iter(range(1, count)), local._put, _chunk_buffer.write_plain

    def dying(write: Callable[[], object], path: Path, content: Callable[[], bytes]) -> object:
        if next(left, None) is not None:
            return write()
        if count % 3 == 1:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".0.partial").write_bytes(content()[: len(content()) // 2])
        elif count % 3 == 2:
            write()
        die()

    def dying_put(path, value, exclusive=False):
        return dying(lambda: put(path, value, exclusive=exclusive), path, value.to_bytes)

    def dying_plain(array, key, parts):
        path = array.store.root / key
        content = b"".join(part.tobytes() for part in parts)
        return dying(lambda: write_plain(array, key, parts), path, lambda: content)

    local._put = dying_put
    _chunk_buffer.write_plain = dying_plain


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    killed_at(int(sys.argv[3]))
    run(sys.argv[1], sys.argv[2])
