"""The method of order three of Shu and Osher (1988), J. Comput. Phys. 77, 439-471."""

from typing import ClassVar

import diffrax
import numpy as np

_TABLEAU = diffrax.ButcherTableau(
    c=np.array([1.0, 0.5]),
    a_lower=(np.array([1.0]), np.array([0.25, 0.25])),
    b_sol=np.array([1 / 6, 1 / 6, 2 / 3]),
    b_error=np.array([-1 / 3, -1 / 3, 2 / 3]),  # against the mean of the first two stages
)


class SSPRK3(diffrax.AbstractERK):
    """Shu and Osher's method of order three, which keeps total variation from growing."""

    tableau: ClassVar[diffrax.ButcherTableau] = _TABLEAU
    interpolation_cls: ClassVar = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

    def order(self, terms):
        """Return the order."""
        del terms
        return 3
