"""The methods of the family, by the names of their papers, and the choices they are made of."""

from parasim.integrators.decision._device_interval import device_interval as device_interval
from parasim.integrators.method._banded import Banded as Banded
from parasim.integrators.method._coarse import CoarseDifference as CoarseDifference
from parasim.integrators.method._damping import (
    AbstractDamping as AbstractDamping,
    Clipped as Clipped,
    Scaled as Scaled,
    TrustRegion as TrustRegion,
    Undamped as Undamped,
)
from parasim.integrators.method._linear_solver import (
    AbstractLinearSolver as AbstractLinearSolver,
    AssociativeScan as AssociativeScan,
    BlockedScan as BlockedScan,
    CyclicReduction as CyclicReduction,
    FusedScan as FusedScan,
    Sequential as Sequential,
)
from parasim.integrators.method._low_rank import LowRank as LowRank
from parasim.integrators.method._method import Method as Method
from parasim.integrators.method._multiples import (
    Identity as Identity,
    Zero as Zero,
)
from parasim.integrators.method._presets import (
    deep_pcr as deep_pcr,
    deer as deer,
    elk as elk,
    jacobi as jacobi,
    jacobi_gauss_seidel as jacobi_gauss_seidel,
    para_rnn as para_rnn,
    parareal as parareal,
    picard as picard,
    quasi_deer as quasi_deer,
    quasi_elk as quasi_elk,
)
from parasim.integrators.method._structure import (
    AbstractInvertible as AbstractInvertible,
    AbstractStructure as AbstractStructure,
    Dense as Dense,
)
from parasim.integrators.method._structures import (
    BlockDiagonal as BlockDiagonal,
    Diagonal as Diagonal,
)
