"""Vallis's model of El Nino: two boxes of surface water and the current between them.

dx/dt = B y - C (x + p)
dy/dt = x z - y
dz/dt = -x y - z + 1

The divergence is -(C + 2) everywhere. At (B, C, p) = (102, 3, 0) the equations are those of Lorenz
(1963) in other variables, and the largest Lyapunov exponent is 0.553.
"""

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import VALLIS_1986

_RUN = {"t1": 20000, "dt": 0.01}
_SOURCE = "RK4 and QR in float64"


def _vector_field(t, y, args):
    del t
    x, y, z = y["x"], y["y"], y["z"]
    return {
        "x": args["B"] * y - args["C"] * (x + args["p"]),
        "y": x * z - y,
        "z": -x * y - z + 1,
    }


def vallis() -> System:
    """Build the Vallis model of El Nino, chaotic at its default parameters.

    Returns:
        State `x` (the surface current), `y` and `z` (half the difference and half the sum of the
        temperatures in the west and the east), scalars without dimension; parameters `B`, `C`,
        `p`.

    Source: Vallis, G. K. (1986), El Nino: a chaotic dynamical system?, Science 232, 243-245.
    """
    return System(
        name="vallis",
        vector_field=_vector_field,
        initial_state=fixed_state(x=1.0, y=1.0, z=0.5),
        params={
            "B": Parameter(102.0, "1", 0.0, 1e4, "winds by a difference of temperature"),
            "C": Parameter(3.0, "1", 0.0, 100.0, "damping of the current"),
            "p": Parameter(0.0, "1", -10.0, 10.0, "mean trade winds"),
        },
        variables={
            "x": Variable(description="current at the surface"),
            "y": Variable(description="half the difference of temperature, east minus west"),
            "z": Variable(description="half the sum of the temperatures, east and west"),
        },
        time_unit="1",
        description="El Nino in three equations; chaotic",
        citation="Vallis (1986), Science 232, 243-245",
        bibtex=VALLIS_1986,
        dt=0.01,
        truth=(
            Truth("lyapunov_exponents", (0.553, 0.0, -5.553), 0.002, source=_SOURCE, run=_RUN),
            Truth("exponent_sum", -5.0, 1.6e-6, status="exact", source="divergence", run=_RUN),
            Truth("kaplan_yorke_dimension", 2.0996, source=_SOURCE, run=_RUN),
        ),
    )
