"""The trapezoidal rule, which diffrax does not have."""

# diffrax declares these members as class variables and means "a field or a property".
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import numpy as np
import optimistix
from jaxtyping import PyTree

_HALF = np.array([0.5, 0.5])


class Trapezoidal(diffrax.AbstractESDIRK):
    """The trapezoidal rule `y1 = y + dt (f(t, y) + f(t + dt, y1)) / 2`: Crank-Nicolson in time.

    Second order and A-stable, for stiff systems whose fastest components matter little: it damps
    them slowly. Its error estimate is the distance from backward Euler.

    Arguments:
        root_finder: of the step's equation, such as `diffrax.VeryChord(rtol=1e-9, atol=1e-9)`; by
            default with the tolerances of an adaptive controller, as for diffrax's solvers.
        root_find_max_steps: more iterations are never made for a step.

    Source: Crank & Nicolson, Proc. Camb. Phil. Soc. 43 (1947).
    """

    tableau: ClassVar[diffrax.ButcherTableau] = diffrax.ButcherTableau(
        a_lower=(_HALF[:1],),
        a_predictor=(np.array([1.0]),),
        a_diagonal=np.array([0.0, 0.5]),
        b_sol=_HALF,
        b_error=np.array([0.5, -0.5]),
        c=np.array([1.0]),
    )
    interpolation_cls: ClassVar[Callable[..., Any]] = (
        diffrax.ThirdOrderHermitePolynomialInterpolation.from_k
    )

    root_finder: optimistix.AbstractRootFinder = diffrax.with_stepsize_controller_tols(
        diffrax.VeryChord
    )()
    root_find_max_steps: int = 10

    def order(self, terms: PyTree) -> int:
        """Return 2."""
        del terms
        return 2
