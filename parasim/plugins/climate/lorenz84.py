"""Lorenz's three equations of the general circulation: a westerly current and its eddies.

dx/dt = -y^2 - z^2 - a x + a F
dy/dt = x y - b x z - y + G
dz/dt = b x y + x z - z

The mean divergence is 2 <x> - (a + 2). At (a, b, F, G) = (0.25, 4, 8, 1) the largest Lyapunov
exponent is 0.164; one time unit is about 5 days.
"""

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import LORENZ_1984

_RUN = {"t1": 40000, "dt": 0.025, "tightness": 0.05}
_SOURCE = "RK4 and QR in float64 over 200,000 time units"


def _vector_field(t, y, args):
    del t
    x, y, z = y["x"], y["y"], y["z"]
    return {
        "x": -y * y - z * z - args["a"] * x + args["a"] * args["F"],
        "y": x * y - args["b"] * x * z - y + args["G"],
        "z": args["b"] * x * y + x * z - z,
    }


def lorenz84() -> System:
    """Build the Lorenz system of 1984, chaotic at its default parameters.

    Returns:
        State `x` (the westerly current), `y` and `z` (cosine and sine phase of the eddies), scalars
        without dimension; parameters `a`, `b`, `F` (contrast of heating between equator and pole)
        and `G` (between land and sea).

    Source: Lorenz, E. N. (1984), Irregularity: a fundamental property of the atmosphere, Tellus A
    36, 98-110.
    """
    return System(
        name="lorenz84",
        vector_field=_vector_field,
        initial_state=fixed_state(x=1.0, y=0.0, z=0.0),
        params={
            "a": Parameter(0.25, "1", 0.0, 10.0, "damping of the westerly current"),
            "b": Parameter(4.0, "1", 0.0, 100.0, "displacement of the eddies by the current"),
            "F": Parameter(8.0, "1", -100.0, 100.0, "symmetric thermal forcing"),
            "G": Parameter(1.0, "1", -100.0, 100.0, "asymmetric thermal forcing"),
        },
        variables={
            "x": Variable(description="strength of the westerly current"),
            "y": Variable(description="cosine phase of the eddies"),
            "z": Variable(description="sine phase of the eddies"),
        },
        time_unit="1",
        description="the westerly current and its eddies in three equations; chaotic",
        citation="Lorenz (1984), Tellus A 36, 98-110",
        bibtex=LORENZ_1984,
        dt=0.025,
        truth=(
            Truth("lyapunov_exponents", (0.1643, 0.0, -0.386), 0.0011, source=_SOURCE, run=_RUN),
            Truth("kaplan_yorke_dimension", 2.426, source=_SOURCE, run=_RUN),
        ),
    )
