"""The published methods, one argument away: `ParallelNewton(method=parasim.methods.elk())`."""

from jaxtyping import Array, Float

from parasim.integrators.method._coarse import CoarseDifference
from parasim.integrators.method._damping import TrustRegion
from parasim.integrators.method._linear_solver import AssociativeScan, CyclicReduction, Sequential
from parasim.integrators.method._method import Method
from parasim.integrators.method._multiples import Identity, Zero
from parasim.integrators.method._structure import Dense
from parasim.integrators.method._structures import BlockDiagonal, Diagonal


def deer() -> Method:
    """Newton's method on every step, from a constant guess, by an associative scan.

    Source: Lim et al., Parallelizing non-linear sequential models over the sequence length, ICLR
    2024, arXiv 2309.12252.
    """
    return Method(structure=Dense(), linear_solver=AssociativeScan(), interval=1, guess="constant")


def quasi_deer(probes: int | None = None) -> Method:
    """DEER with the diagonal of the Jacobians alone: more iterations, memory in proportion to d.

    Arguments:
        probes: see `Diagonal`.

    Source: Gonzalez et al., Towards scalable and stable parallelization of nonlinear RNNs, NeurIPS
    2024, arXiv 2407.19115.
    """
    return Method(structure=Diagonal(probes=probes), interval=1, guess="constant")


def elk(weight: float | Float[Array, ""] = 1.0) -> Method:
    """DEER in a trust region, which adapts: for recurrences on which DEER overflows.

    Arguments:
        weight: the first one of the trust region.

    Source: Gonzalez et al., NeurIPS 2024, arXiv 2407.19115.
    """
    return Method(structure=Dense(), damping=TrustRegion(weight), interval=1, guess="constant")


def quasi_elk(weight: float | Float[Array, ""] = 1.0, probes: int | None = None) -> Method:
    """Quasi-DEER in a trust region, which adapts.

    Arguments:
        weight: the first one of the trust region.
        probes: see `Diagonal`.

    Source: Gonzalez et al., NeurIPS 2024, arXiv 2407.19115.
    """
    return Method(
        structure=Diagonal(probes=probes),
        damping=TrustRegion(weight),
        interval=1,
        guess="constant",
    )


def picard() -> Method:
    """Fixed-point iteration on the integral: no tangents, a cumulative sum per iteration.

    Source: as a parallel method, Shih et al., Parallel sampling of diffusion models, NeurIPS 2023,
    arXiv 2305.16317; Gonzalez et al., arXiv 2509.21716.
    """
    return Method(structure=Identity(), interval=1, guess="constant")


def jacobi() -> Method:
    """Every step from the last iteration's state before it: no tangents and no scan.

    Source: Song et al., Accelerating feedforward computation via parallel nonlinear equation
    solving, ICML 2021, arXiv 2002.03629.
    """
    return Method(structure=Zero(), interval=1, guess="constant")


def jacobi_gauss_seidel(block: int = 8) -> Method:
    """Jacobi between blocks of steps, and one step after the other within a block.

    Arguments:
        block: the steps of a block.

    Source: Song et al., ICML 2021, arXiv 2002.03629.
    """
    return Method(structure=Zero(), interval=block, guess="constant")


def deep_pcr() -> Method:
    """Newton's method on every step, by parallel cyclic reduction.

    Source: Danieli et al., DeepPCR: parallelizing sequential operations in neural networks, NeurIPS
    2023, arXiv 2309.16318.
    """
    return Method(structure=Dense(), linear_solver=CyclicReduction(), interval=1, guess="constant")


def para_rnn(block: int = 1, *, strided: bool = True) -> Method:
    """Newton's method for cells whose units do not see each other's past: exact small blocks.

    A window of a cell whose units do is an error; take `quasi_deer` for those.

    Arguments:
        block: the numbers of a unit, 1 for a GRU and 2 for an LSTM.
        strided: whether the carry has one array per number of a unit, as an LSTM's `(c, h)`.

    Source: Danieli et al., ParaRNN, arXiv 2510.21450.
    """
    structure = Diagonal(exact=True) if block == 1 else BlockDiagonal(size=block, strided=strided)
    return Method(
        structure=structure, linear_solver=CyclicReduction(), interval=1, guess="constant"
    )


def parareal(interval: int = 8) -> Method:
    """Correct a coarse pass by differences of coarse steps, one interval after the other.

    For differential equations only.

    Arguments:
        interval: how much larger a coarse step is.

    Source: Lions, Maday & Turinici, C. R. Acad. Sci. 332 (2001).
    """
    return Method(
        structure=CoarseDifference(),
        linear_solver=Sequential(),
        interval=interval,
        guess="coarse",
    )
