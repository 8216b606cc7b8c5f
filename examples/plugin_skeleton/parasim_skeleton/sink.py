"""A folder of .npz files, one for each piece of a run, which any program with numpy can read.

A file appears when it is complete, by a rename, so that nobody ever reads half of one.
"""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import xarray as xr

from parasim import ConfigError, StoreError

_RUN = "run.json"


class NpzSink:
    """Rows of a run as .npz files in a folder."""

    def create(self, place, layout, attributes, *, overwrite=False):
        """Make the folder; see `parasim.io.Sink`."""
        if place is None:
            raise ConfigError("the npz sink needs a folder: name one with store= or --out")
        folder = Path(place)
        if folder.exists():
            if not (folder / _RUN).is_file():
                raise StoreError(f"{folder} is no run of npz files, so it is never replaced")
            if not overwrite:
                raise StoreError(f"{folder} already exists: choose another path, or overwrite it")
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return _Session(folder, layout, attributes)

    def read(self, place):
        """Open what was written; see `parasim.io.Sink`."""
        folder = Path(place)
        if not (folder / _RUN).is_file():
            raise StoreError(f"{folder} is no run of npz files")
        run = json.loads((folder / _RUN).read_text())
        with np.load(folder / "axes.npz") as axes:
            coordinates = {
                name: (dim, axes[name], attributes)
                for name, (dim, attributes) in run["coordinates"].items()
            }
        arrays = {
            name: np.full(field["shape"], np.nan if "f" in field["dtype"] else -1, field["dtype"])
            for name, field in run["fields"].items()
        }
        put = {}
        for path in sorted(folder.glob("rows-*.npz")):
            region = path.stem.split("-")[1]
            with np.load(path) as rows:
                place = tuple(slice(*ends) for ends in rows["place"])
                for name in arrays.keys() & set(rows.files):
                    first = put.get((region, name), 0)
                    last = first + rows[name].shape[len(place)]
                    arrays[name][(*place, slice(first, last))] = rows[name]
                    put[region, name] = last
        variables = {
            name: (field["dims"], arrays[name], field["attributes"])
            for name, field in run["fields"].items()
        }
        return xr.Dataset(variables, coordinates, run["attributes"])


class _Session:
    """A folder that is being written."""

    def __init__(self, folder, layout, attributes):
        self._folder, self._layout = folder, layout
        values = {
            "time": ("time", np.concatenate([b for _, b in layout.time_blocks()]),
                     layout.time_attributes),
            "window_time": ("window", layout.window_ends, layout.window_attributes),
            **{c.name: (c.axis, c.values, dict(c.attributes)) for c in layout.coordinates},
        }  # fmt: skip
        _save(folder / "axes.npz", {name: numbers for name, (_, numbers, _) in values.items()})
        self._run = {
            "attributes": {**attributes, "status": "running"},
            "coordinates": {name: (dim, about) for name, (dim, _, about) in values.items()},
            "fields": {
                f.name: {
                    "dims": layout.dims(f),
                    "shape": layout.full_shape(f),
                    "dtype": f.dtype.str,
                    "attributes": dict(f.attributes),
                }
                for f in layout.fields
            },
        }
        self._write_run()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self._run["attributes"]["status"] = "complete" if error is None else "interrupted"
        self._write_run()

    def annotate(self, **attributes):
        """Set attributes of the dataset."""
        self._run["attributes"].update(attributes)

    def writer(self, region):
        """Return what takes the rows of a region."""
        return _Writer(self._folder, region, self._layout.regions[region])

    def _write_run(self):
        partial = self._folder / "run.partial"
        partial.write_text(json.dumps(self._run))
        os.replace(partial, self._folder / _RUN)


class _Writer:
    """Writes the rows of one region."""

    def __init__(self, folder, region, place):
        self._folder, self._region, self._number = folder, region, 0
        self._place = np.array([(s.start, s.stop) for s in place], dtype=int).reshape(-1, 2)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        pass  # every put is complete already

    def put(self, rows):
        """Append rows: a file with all arrays, or no file."""
        name = f"rows-{self._region:06}-{self._number:08}.npz"
        _save(self._folder / name, {"place": self._place, **rows})
        self._number += 1


def _save(path, arrays):
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(partial, path)
