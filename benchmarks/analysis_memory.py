"""The memory that analyses take of a store of 1e8 values: each in a process of its own.

    python benchmarks/analysis_memory.py [--rows 2500000] [--sites 40] [NAME ...]

makes a store in a temporary folder (800 MB, deleted afterwards), and prints for each analysis the
seconds and the peak of resident memory, by dask's threads. Time means what the product promises:
mean and spectrum in less than 2 GiB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from rich.console import Console
from rich.table import Table

_PROMISED = {"ensemble_mean": {"dims": "time"}, "power_spectrum": {"segment": 4096}}
_OTHERS = {
    "autocorrelation": {"lags": 1000},
    "histogram": {"bins": 100},
    "climatology": {"period": 1.0, "bins": 100},
    "spike_times": {"threshold": 2.0},
    "return_map": {},
    "running_mean": {"length": 1000},
}
_CALLS = _PROMISED | _OTHERS
_LIMIT = 2**31


def make_store(path: Path, rows: int, sites: int) -> None:
    """Write noise and a wave, in chunks as parasim's own stores have."""
    length = 2**16 * 40 // sites
    template = xr.Dataset(
        {"x": (("time", "site"), np.zeros((0, sites)), {"units": "1"})},
        {"time": ("time", np.zeros(0), {"units": "1"})},
    )
    group = zarr.create_group(path)
    for name, array in template.variables.items():
        created = group.create_array(
            str(name),
            shape=(rows, *array.shape[1:]),
            chunks=(length, *array.shape[1:]),
            dtype="float64",
            dimension_names=array.dims,
            attributes=dict(array.attrs),
            compressors=None,
        )
        for first in range(0, rows, length):
            times = np.arange(first, min(first + length, rows)) * 0.01
            noise = np.random.default_rng(first).standard_normal((len(times), sites))
            block = times if name == "time" else noise + np.sin(2 * np.pi * times)[:, None]
            created[first : first + length] = block
    zarr.consolidate_metadata(group.store)


def analyse(path: str, name: str, result: str) -> None:
    """Run one analysis in this process, and print what it took as JSON."""
    from parasim import analyses

    start = time.perf_counter()
    dataset = xr.open_zarr(path, chunks={})
    made = getattr(analyses, name)(dataset, **_CALLS[name])
    if made.nbytes > 2**28:
        made.drop_encoding().to_zarr(result, consolidated=False)
    else:
        made.load()
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "peak": 1024 * int(peak.split()[1])}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(_CALLS), metavar="NAME")
    parser.add_argument("--rows", type=int, default=2_500_000)
    parser.add_argument("--sites", type=int, default=40)
    parser.add_argument("--only", nargs=2, metavar=("STORE", "RESULT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        analyse(options.only[0], options.names[0], options.only[1])
        return
    table = Table("analysis", "seconds", "peak, GiB", "promised")
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store.zarr")
        make_store(store, options.rows, options.sites)
        for name in options.names:
            only = ["--only", str(store), str(Path(folder, f"{name}.zarr"))]
            command = [sys.executable, __file__, name, *only]
            text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            took = json.loads(text)
            kept = "" if name not in _PROMISED else "kept" if took["peak"] < _LIMIT else "NOT KEPT"
            table.add_row(name, f"{took['seconds']:.1f}", f"{took['peak'] / 2**30:.2f}", kept)
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(f"{options.rows * options.sites:,} values of float64, {os.cpu_count()} CPUs")
    console.print(table)


if __name__ == "__main__":
    main()
