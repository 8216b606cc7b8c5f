"""The numerics: windows of steps solved by Newton's method, or stepped through.

Imports jax, equinox and diffrax only; never xarray, zarr, dask or click.
"""

from parasim.integrators._calibration import (
    calibrate as calibrate,
    calibrate_scan as calibrate_scan,
)
from parasim.integrators._costs import DeviceCosts as DeviceCosts
from parasim.integrators._decision import (
    REASONS as REASONS,
    AbstractDecision as AbstractDecision,
    AlwaysParallel as AlwaysParallel,
    AlwaysSequential as AlwaysSequential,
    ExponentSign as ExponentSign,
    GrowthThreshold as GrowthThreshold,
)
from parasim.integrators._dense_output import evaluate as evaluate, inner_steps as inner_steps
from parasim.integrators._diffeqsolve import diffeqsolve as diffeqsolve
from parasim.integrators._exponents import Exponents as Exponents
from parasim.integrators._log import windows as windows
from parasim.integrators._lyapunov import lyapunov as lyapunov
from parasim.integrators._lyapunov_scan import lyapunov_scan as lyapunov_scan
from parasim.integrators._newton_scan import newton_scan as newton_scan
from parasim.integrators._parallel_newton import ParallelNewton as ParallelNewton
from parasim.integrators._predicted_time import PredictedTime as PredictedTime
from parasim.integrators._record import WindowRecord as WindowRecord
from parasim.integrators._window_integrator import WindowIntegrator as WindowIntegrator
from parasim.integrators._windows_controller import Windows as Windows
