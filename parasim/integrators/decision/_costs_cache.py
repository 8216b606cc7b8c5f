"""The costs that were measured on this machine, in files, and what counts where there are none.

One file per device, number of variables, dtype and interval, in the user's cache directory. What a
file says is believed only if it is about just that, and about the versions of jax and parasim that
are running.
"""

import functools
import json
import os
import platform
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from parasim import __version__
from parasim._errors import CalibrationWarning, ConfigError, first_line
from parasim.integrators.decision._costs import DeviceCosts, device_costs
from parasim.integrators.method._devices import device_in_use
from parasim.integrators.method._method import Method
from parasim.integrators.method._structure import Dense

_SCHEMA = 1
_TIMES = ("step", "iteration", "level", "work")
_HOST = "host_step"  # kept only where there is one
_RENEW = "it is ignored: run `parasim calibrate` or parasim.calibrate once more, or delete it"


class CostsKey(NamedTuple):
    """What measured costs are about.

    Attributes:
        platform: as jax names it, such as `"cpu"`.
        device: its kind, such as `"NVIDIA H200"`; of a CPU, architecture and number of cores.
        steps: whose they are, `"diffrax"` or `"scan"`: those of a recurrence cost less.
        size: d, the number of real variables.
        dtype: of the state.
        interval: L, the steps of a shooting interval.
    """

    platform: str
    device: str
    steps: str
    size: int
    dtype: str
    interval: int


def costs_key(steps: str, size: int, dtype: Any, interval: int) -> CostsKey:
    """Return what costs on the device that jax computes on are about."""
    device = device_in_use()
    kind = device.device_kind
    if device.platform == "cpu":  # where jax says no more
        kind = f"{platform.machine()} {os.cpu_count()} cores"
    return CostsKey(device.platform, kind, steps, size, jnp.dtype(dtype).name, interval)


def usual_costs(steps: str, size: int, dtype: Any, method: Method) -> DeviceCosts:
    """Return the costs on the device that jax computes on: as measured, else as expected of it.

    Measurements are of whole Jacobians; other structures are reckoned by their tangents.
    """
    expected = device_costs(
        device_in_use().platform, size, method.interval, method.structure.tangents(size)
    )
    if not isinstance(method.structure, Dense):
        return expected
    measured = load_costs(costs_key(steps, size, dtype, method.interval))
    return expected if measured is None else measured


def costs_file(key: CostsKey) -> Path:
    """Return where measured costs are kept."""
    folder = os.environ.get("PARASIM_CACHE_DIR") or _cache_directory()
    words = [key.platform, key.device, key.steps, f"d{key.size}", key.dtype, f"L{key.interval}"]
    name = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower())
    return Path(folder) / f"costs-{name}.json"


def _cache_directory() -> Path:
    try:
        from platformdirs import user_cache_path
    except ModuleNotFoundError:  # a checkout beside jax and diffrax, and nothing else
        return Path.home() / ".cache" / "parasim"
    return user_cache_path("parasim", appauthor=False)


def save_costs(key: CostsKey, costs: DeviceCosts) -> Path | None:
    """Keep measured costs; return where, or warn and return None if that cannot be done."""
    file = costs_file(key)
    content = {
        "schema": _SCHEMA,
        "versions": _versions(),
        "about": key._asdict(),
        "seconds": {name: float(value) for name, value in _times(costs).items()},
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as beside:
            written = Path(beside) / file.name
            written.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            written.replace(file)  # whole or not at all, whoever else writes or reads
    except OSError as error:
        _warn(
            f"what was measured cannot be kept in {file.parent}: {first_line(error)}; set "
            "PARASIM_CACHE_DIR to a folder that can be written, or pass it on as costs=..."
        )
        return None
    _read.cache_clear()
    return file


def load_costs(key: CostsKey) -> DeviceCosts | None:
    """Return costs that were kept; None, with a warning if there is a file, where they are not."""
    file = costs_file(key)
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        return None
    return _read(file, changed, key)


@functools.lru_cache(maxsize=256)
def _read(file: Path, changed: int, key: CostsKey) -> DeviceCosts | None:
    del changed  # a file is read, and warned of, once
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        _warn(f"{file} cannot be read ({first_line(error)}); {_RENEW}")
        return None
    if not isinstance(content, dict) or "schema" not in content:
        _warn(f"{file} is damaged; {_RENEW}")
        return None
    if content["schema"] != _SCHEMA or content.get("versions") != _versions():
        _warn(f"{file} was measured with other versions of jax or parasim; {_RENEW}")
        return None
    costs = _costs(content.get("seconds"))
    if costs is None or content.get("about") != key._asdict():
        _warn(f"{file} is damaged; {_RENEW}")
        return None
    return costs


def _costs(seconds: Any) -> DeviceCosts | None:
    """Return the costs if these are some."""
    if not isinstance(seconds, dict) or {*seconds} - {_HOST} != {*_TIMES}:
        return None
    if not all(type(value) is float for value in seconds.values()):
        return None
    try:
        return DeviceCosts(**seconds)
    except ConfigError:
        return None


def _times(costs: DeviceCosts) -> dict[str, float]:
    names = _TIMES if costs.host_step is None else (*_TIMES, _HOST)
    return {name: getattr(costs, name) for name in names}


def _versions() -> dict[str, str]:
    return {"jax": jax.__version__, "parasim": __version__}


def _warn(message: str) -> None:
    warnings.warn(message, CalibrationWarning, stacklevel=2)
