"""Lorenz's three equations of thermal convection, the classic of chaos.

dx/dt = sigma (y - x)
dy/dt = x (rho - z) - y
dz/dt = x y - beta z

The mean divergence is -(sigma + 1 + beta) everywhere, and the origin is stable for rho < 1. At
(10, 28, 8/3) the largest Lyapunov exponent is 0.9056.
"""

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import LORENZ_1963

_RUN = {"t1": 20000, "dt": 0.01}
_SOURCE = (
    "Sprott's page on the Lorenz attractor: 0.906, 0, -14.572 and 2.062; RK4 and QR in float64"
)


def _vector_field(t, y, args):
    del t
    return {
        "x": args["sigma"] * (y["y"] - y["x"]),
        "y": y["x"] * (args["rho"] - y["z"]) - y["y"],
        "z": y["x"] * y["y"] - args["beta"] * y["z"],
    }


def lorenz63() -> System:
    """Build the Lorenz system of 1963, chaotic at its default parameters.

    Returns:
        State `x` (rate of convection), `y` and `z` (horizontal and vertical differences of
        temperature), all scalars without dimension; parameters `sigma`, `rho`, `beta`.

    Source: Lorenz, E. N. (1963), Deterministic nonperiodic flow, J. Atmos. Sci. 20, 130-141.
    """
    return System(
        name="lorenz63",
        vector_field=_vector_field,
        initial_state=fixed_state(x=1.0, y=2.0, z=20.0),
        params={
            "sigma": Parameter(10.0, "1", 0.0, 1e3, "Prandtl number"),
            "rho": Parameter(28.0, "1", 0.0, 1e3, "Rayleigh number over its critical value"),
            "beta": Parameter(8 / 3, "1", 0.0, 1e3, "geometry of the convection cell"),
        },
        variables={
            "x": Variable(description="rate of convection"),
            "y": Variable(description="horizontal difference of temperature"),
            "z": Variable(description="vertical difference of temperature"),
        },
        time_unit="1",
        description="thermal convection in three equations; chaotic",
        citation="Lorenz (1963), J. Atmos. Sci. 20, 130-141",
        bibtex=LORENZ_1963,
        dt=0.01,
        truth=(
            Truth(
                "lyapunov_exponents",
                (0.9056, 0.0, -14.5723),
                0.0005,
                "published and recomputed",
                _SOURCE,
                run=_RUN,
            ),
            Truth("exponent_sum", -41 / 3, 4.5e-6, status="exact", source="divergence", run=_RUN),
            Truth(
                "kaplan_yorke_dimension",
                2.0622,
                status="published and recomputed",
                source=_SOURCE,
                run=_RUN,
            ),
        ),
    )
