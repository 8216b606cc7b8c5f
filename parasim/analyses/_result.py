"""Writes the result of an analysis: a whole zarr group or NetCDF file, or nothing."""

import json
import os
import secrets
import shutil
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dask
import xarray as xr
import zarr
from dask.system import CPU_COUNT
from zarr.errors import GroupNotFoundError

from parasim._errors import ConfigError, StoreError, first_line
from parasim.io._root import MARK

_SUFFIXES = (".zarr", ".nc")
_ANALYSIS = "analysis"  # the root attribute that makes a zarr group a result


def check_result(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Refuse a path where no result can be written, before anything is computed for it.

    Arguments:
        path: ends in `.zarr` or `.nc`.
        overwrite: whether an existing result may be replaced.

    Raises:
        ConfigError: the suffix is another, or what writes NetCDF is not installed.
        StoreError: something is in the way, or there is no such folder.
    """
    target = Path(path)
    if "://" in os.fspath(path):
        raise ConfigError(f"{path} is a URL: results are written to files; copy it when it is done")
    if target.suffix not in _SUFFIXES:
        raise ConfigError(f"{target} must end in .zarr or .nc (NetCDF), which says what to write")
    if target.suffix == ".nc" and find_spec("h5netcdf") is None:
        raise ConfigError(
            "NetCDF needs h5netcdf, which is not installed: pip install 'parasim[netcdf]', or "
            "write .zarr"
        )
    folder = target.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"cannot write in the folder {folder} of {target.name}: choose another")
    if not os.path.lexists(target):
        return target
    if target.is_dir() and not (target.suffix == ".zarr" and _is_result(target)):
        raise StoreError(
            f"{target} was not written by `parasim analyze`, so it is never replaced: choose "
            "another path"
        )
    if not overwrite:
        raise StoreError(
            f"{target} already exists: choose another path, or replace it with --overwrite"
        )
    return target


def with_history(
    result: xr.Dataset, store: str | os.PathLike[str], analysis: str, arguments: Mapping[str, Any]
) -> xr.Dataset:
    """Add the attributes that say which analysis of which store this is.

    Arguments:
        result: of the analysis.
        store: what was analysed.
        analysis: the name of the function in `parasim.analyses`.
        arguments: that it was called with.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    call = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    line = f"{now}: parasim {version('parasim')} {analysis}({call}) of {store}"
    attributes = {name: value for name, value in result.attrs.items() if name != MARK}
    attributes |= {
        "history": "\n".join(filter(None, [attributes.get("history"), line])),
        _ANALYSIS: analysis,
        "analysis_of": str(store if "://" in str(store) else Path(store).absolute()),
        "analysis_arguments": json.dumps(arguments),
        "analysis_version": version("parasim"),
    }
    return result.drop_attrs(deep=False).assign_attrs(attributes)


def write_result(
    result: xr.Dataset, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a result under another name, chunk by chunk, and rename it when it is complete.

    A process that is killed leaves nothing at the path, or what was there; a hidden `.partial`
    may be left beside it.

    Arguments:
        result: of an analysis, with `with_history`.
        path: see `check_result`.
        overwrite: whether an existing result may be replaced.

    Raises:
        ConfigError, StoreError: as `check_result`; or the disk is full.
    """
    target = check_result(path, overwrite=overwrite)
    partial = _beside(target, "partial")
    try:
        with _threads():
            _write(_even(result.drop_encoding()), partial, target.suffix)
        _put(partial, target)
    except OSError as error:
        raise StoreError(
            f"cannot write {target}: {first_line(error)}; choose another path"
        ) from error
    finally:
        _remove(partial)


@contextmanager
def _threads() -> Iterator[None]:
    """Let dask use threads that are waited for: after an error some still write for a while."""
    count = dask.config.get("num_workers", None) or CPU_COUNT
    with ThreadPoolExecutor(count) as pool, dask.config.set(pool=pool):
        yield


def _write(result: xr.Dataset, path: Path, suffix: str) -> None:
    if suffix == ".nc":
        result.to_netcdf(path, engine="h5netcdf")
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        result.to_zarr(path, mode="w-", consolidated=True)


def _even(dataset: xr.Dataset) -> xr.Dataset:
    """Give each variable chunks of one length along a dimension, as zarr has them."""
    uneven = {
        name: array.chunk({d: max(lengths) for d, lengths in array.chunksizes.items()})
        for name, array in dataset.variables.items()
        if any(len(set(lengths[:-1])) > 1 or lengths[-1] > lengths[0]
               for lengths in array.chunksizes.values())
    }  # fmt: skip
    return dataset.assign(
        {n: a for n, a in uneven.items() if n not in dataset.coords}
    ).assign_coords({n: a for n, a in uneven.items() if n in dataset.coords})


def _beside(target: Path, what: str) -> Path:
    """Return a hidden path that no other has; xarray may keep one that failed open."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.{what}")


def _put(partial: Path, target: Path) -> None:
    """Rename what is complete; a folder that it replaces is moved away first."""
    if not target.is_dir():
        partial.replace(target)
        return
    old = _beside(target, "old")
    target.rename(old)
    partial.rename(target)
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_result(path: Path) -> bool:
    try:
        return _ANALYSIS in zarr.open_group(path, mode="r").attrs
    except GroupNotFoundError:
        return False
