"""parasim: dynamical systems integrated in parallel in time, and streamed to zarr.

The public names are loaded when they are first used, so that `import parasim` is quick, the
command line starts without jax, and the solver works where only jax and diffrax are installed.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parasim._dataset import open_dataset as open  # noqa: F401
    from parasim._errors import (
        BrokenPlugin as BrokenPlugin,
        CalibrationWarning as CalibrationWarning,
        ConfigError as ConfigError,
        IncompatiblePlugin as IncompatiblePlugin,
        ParasimError as ParasimError,
        PluginError as PluginError,
        PluginWarning as PluginWarning,
        SolverError as SolverError,
        StoreError as StoreError,
        UnknownPlugin as UnknownPlugin,
    )
    from parasim.integrators import (
        AbstractDecision as AbstractDecision,
        AlwaysParallel as AlwaysParallel,
        AlwaysSequential as AlwaysSequential,
        DeviceCosts as DeviceCosts,
        Exponents as Exponents,
        ExponentSign as ExponentSign,
        GrowthThreshold as GrowthThreshold,
        Iteration as Iteration,
        Method as Method,
        ParallelNewton as ParallelNewton,
        PredictedTime as PredictedTime,
        Trapezoidal as Trapezoidal,
        Windows as Windows,
        WithResets as WithResets,
        calibrate as calibrate,
        calibrate_scan as calibrate_scan,
        diffeqsolve as diffeqsolve,
        evaluate as evaluate,
        inner_steps as inner_steps,
        lyapunov as lyapunov,
        lyapunov_scan as lyapunov_scan,
        methods as methods,
        newton_scan as newton_scan,
        windows as windows,
    )
    from parasim.io import Encoding as Encoding
    from parasim.plugins import (
        Parameter as Parameter,
        Reset as Reset,
        System as System,
        Truth as Truth,
        Variable as Variable,
        get_system as get_system,
        system_names as system_names,
    )
    from parasim.simulation import Sweep as Sweep, simulate as simulate

try:
    __version__ = version("parasim")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "unknown"

_HOME = {
    "ParallelNewton": "parasim.integrators",
    "newton_scan": "parasim.integrators",
    "AbstractDecision": "parasim.integrators",
    "AlwaysParallel": "parasim.integrators",
    "AlwaysSequential": "parasim.integrators",
    "DeviceCosts": "parasim.integrators",
    "ExponentSign": "parasim.integrators",
    "GrowthThreshold": "parasim.integrators",
    "Iteration": "parasim.integrators",
    "Method": "parasim.integrators",
    "PredictedTime": "parasim.integrators",
    "Exponents": "parasim.integrators",
    "Windows": "parasim.integrators",
    "Trapezoidal": "parasim.integrators",
    "WithResets": "parasim.integrators",
    "calibrate": "parasim.integrators",
    "calibrate_scan": "parasim.integrators",
    "diffeqsolve": "parasim.integrators",
    "evaluate": "parasim.integrators",
    "inner_steps": "parasim.integrators",
    "lyapunov": "parasim.integrators",
    "lyapunov_scan": "parasim.integrators",
    "methods": "parasim.integrators",
    "windows": "parasim.integrators",
    "simulate": "parasim.simulation",
    "Sweep": "parasim.simulation",
    "Encoding": "parasim.io",
    "open": "parasim._dataset:open_dataset",
    "System": "parasim.plugins",
    "Parameter": "parasim.plugins",
    "Reset": "parasim.plugins",
    "Truth": "parasim.plugins",
    "Variable": "parasim.plugins",
    "get_system": "parasim.plugins",
    "system_names": "parasim.plugins",
    "ParasimError": "parasim._errors",
    "CalibrationWarning": "parasim._errors",
    "ConfigError": "parasim._errors",
    "SolverError": "parasim._errors",
    "StoreError": "parasim._errors",
    "PluginError": "parasim._errors",
    "UnknownPlugin": "parasim._errors",
    "BrokenPlugin": "parasim._errors",
    "IncompatiblePlugin": "parasim._errors",
    "PluginWarning": "parasim._errors",
}

__all__ = ["__version__", *_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'parasim' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    return sorted(__all__)
