"""The Stuart-Landau oscillator, normal form of a Hopf bifurcation: everything about it is known.

dx/dt = (a - r^2) x - omega y,   r^2 = x^2 + y^2
dy/dt = (a - r^2) y + omega x

For a > 0 it runs on the circle r = sqrt(a) with period 2 pi / omega; the Lyapunov exponents are
0 and -2 a. For a < 0 it spirals into the origin; there both exponents are a.
"""

import math

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.basics._citations import STUART_1960

_CYCLE = {"t1": 200, "transient": 50}


def _vector_field(t, y, args):
    del t
    x, y = y["x"], y["y"]
    gain = args["a"] - (x * x + y * y)
    return {"x": gain * x - args["omega"] * y, "y": gain * y + args["omega"] * x}


def stuart_landau() -> System:
    """Build the Stuart-Landau oscillator, on a limit cycle that is an exact circle.

    Returns:
        State `x` and `y`, the real and imaginary part of the amplitude, scalars without
        dimension; parameters `a` and `omega`. It starts inside the circle.

    Source: Stuart, J. T. (1960), J. Fluid Mech. 9, 353-370.
    """
    return System(
        name="stuart-landau",
        vector_field=_vector_field,
        initial_state=fixed_state(x=0.1, y=0.0),
        params={
            "a": Parameter(1.0, "1", -1e3, 1e3, "distance from the Hopf bifurcation"),
            "omega": Parameter(1.0, "1", -1e3, 1e3, "angular frequency"),
        },
        variables={
            "x": Variable(description="real part of the amplitude"),
            "y": Variable(description="imaginary part of the amplitude"),
        },
        time_unit="1",
        description="normal form of a Hopf bifurcation; an exact circle",
        citation="Stuart (1960), J. Fluid Mech. 9, 353-370",
        bibtex=STUART_1960,
        dt=0.02,
        truth=(
            *(
                Truth(
                    "lyapunov_exponents",
                    (0.0, -2 * a),
                    3e-8,
                    "exact",
                    "[0, -2 a]",
                    {"a": a},
                    {"t1": 400, "transient": 300},
                )
                for a in (0.25, 1.0)
            ),
            Truth("peak_to_peak", 2.0, status="exact", source="2 sqrt(a)", run=_CYCLE),
            Truth("period", 2 * math.pi, status="exact", source="2 pi / omega", run=_CYCLE),
        ),
    )
