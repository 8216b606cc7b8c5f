"""The numerics: windows of steps solved by Newton's method, or stepped through.

Imports jax, equinox and diffrax only; never xarray, zarr, dask or click.
"""

from parasim.integrators import methods as methods
from parasim.integrators.calibration._calibration import (
    calibrate as calibrate,
    calibrate_scan as calibrate_scan,
)
from parasim.integrators.decision._costs import DeviceCosts as DeviceCosts
from parasim.integrators.decision._decision import (
    REASONS as REASONS,
    AbstractDecision as AbstractDecision,
    AlwaysParallel as AlwaysParallel,
    AlwaysSequential as AlwaysSequential,
    ExponentSign as ExponentSign,
    GrowthThreshold as GrowthThreshold,
)
from parasim.integrators.decision._predicted_time import PredictedTime as PredictedTime
from parasim.integrators.exponents._exponents import Exponents as Exponents
from parasim.integrators.exponents._lyapunov import lyapunov as lyapunov
from parasim.integrators.exponents._lyapunov_scan import lyapunov_scan as lyapunov_scan
from parasim.integrators.method._method import Method as Method
from parasim.integrators.scan._newton_scan import newton_scan as newton_scan
from parasim.integrators.solver._dense_output import (
    evaluate as evaluate,
    inner_steps as inner_steps,
)
from parasim.integrators.solver._diffeqsolve import diffeqsolve as diffeqsolve
from parasim.integrators.solver._parallel_newton import ParallelNewton as ParallelNewton
from parasim.integrators.solver._window_integrator import WindowIntegrator as WindowIntegrator
from parasim.integrators.solver._windows_controller import Windows as Windows
from parasim.integrators.steps._iteration import Iteration as Iteration
from parasim.integrators.steps._resets import WithResets as WithResets
from parasim.integrators.steps._trapezoidal import Trapezoidal as Trapezoidal
from parasim.integrators.window._log import windows as windows
from parasim.integrators.window._record import WindowRecord as WindowRecord
