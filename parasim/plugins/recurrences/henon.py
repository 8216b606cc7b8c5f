"""Henon's map of the plane, the simplest one with a strange attractor that is smooth.

x[n+1] = 1 - a x[n]^2 + y[n]
y[n+1] = b x[n]

The determinant of the Jacobian is -b everywhere. At (a, b) = (1.4, 0.3) the largest Lyapunov
exponent is 0.419.
"""

import math

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.recurrences._citations import HENON_1976

_RUN = {"t1": 10**6, "window": 16, "interval": 4}


def _step(n, y, args):
    del n
    x = y["x"]
    return {"x": 1 - args["a"] * x * x + y["y"], "y": args["b"] * x}


def henon() -> System:
    """Build the Henon map, chaotic at its default parameters.

    Returns:
        State `x` and `y`, scalars without dimension; parameters `a` and `b`; a recurrence, whose
        unit of time is a step.

    Source: Henon, M. (1976), A two-dimensional mapping with a strange attractor, Commun. Math.
    Phys. 50, 69-77.
    """
    return System(
        name="henon",
        step=_step,
        initial_state=fixed_state(x=0.0, y=0.0),
        params={
            "a": Parameter(1.4, "1", -10.0, 10.0, "strength of the fold"),
            "b": Parameter(0.3, "1", -1.0, 1.0, "contraction of areas"),
        },
        variables={
            "x": Variable(description="place across the fold"),
            "y": Variable(description="place before, scaled"),
        },
        time_unit="step",
        description="a map that stretches and folds the plane; chaotic",
        citation="Henon (1976), Commun. Math. Phys. 50, 69-77",
        bibtex=HENON_1976,
        truth=(
            Truth(
                "lyapunov_exponents",
                (0.41924, -1.62321),
                source="QR in float64; PredefinedDynamicalSystems.jl has 0.4189, -1.6229",
                run=_RUN,
            ),
            Truth("exponent_sum", math.log(0.3), 4e-10, status="exact", source="log b", run=_RUN),
        ),
    )
