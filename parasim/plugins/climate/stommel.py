"""Stommel's two boxes of the ocean, whose overturning can be thermal or saline.

dT/dt = eta1 - T (1 + |T - S|)
dS/dt = eta2 - S (eta3 + |T - S|)

T and S are the differences of temperature and salinity between equator and pole, and T - S the
overturning. With (eta1, eta2, eta3) = (3, 1, 0.3) there are two stable states, a strong thermal
overturning and a weak saline one, and a saddle between them.
"""

import jax.numpy as jnp

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import STOMMEL_1961


def _vector_field(t, y, args):
    del t
    flow = jnp.abs(y["T"] - y["S"])
    return {
        "T": args["eta1"] - y["T"] * (1 + flow),
        "S": args["eta2"] - y["S"] * (args["eta3"] + flow),
    }


def stommel() -> System:
    """Build the Stommel model of the thermohaline circulation, bistable at its default parameters.

    Returns:
        State `T` and `S`, scalars without dimension; parameters `eta1` (thermal forcing), `eta2`
        (fresh water) and `eta3` (ratio of the relaxation rates). It starts between the two stable
        states. The vector field has a kink at T = S.

    Source: Stommel, H. (1961), Thermohaline convection with two stable regimes of flow, Tellus 13,
    224-230; in the form of Dijkstra, H. A. (2005), Nonlinear Physical Oceanography.
    """
    return System(
        name="stommel",
        vector_field=_vector_field,
        initial_state=fixed_state(T=2.5, S=2.0),
        params={
            "eta1": Parameter(3.0, "1", 0.0, 100.0, "thermal forcing"),
            "eta2": Parameter(1.0, "1", 0.0, 100.0, "flux of fresh water"),
            "eta3": Parameter(0.3, "1", 0.0, 100.0, "relaxation of salinity over temperature"),
        },
        variables={
            "T": Variable(description="difference of temperature, equator to pole"),
            "S": Variable(description="difference of salinity, equator to pole"),
        },
        time_unit="1",
        description="two boxes of the ocean; a thermal and a saline overturning, both stable",
        citation="Stommel (1961), Tellus 13, 224-230",
        bibtex=STOMMEL_1961,
        dt=0.05,
        truth=(
            Truth(
                "fixed_points",
                ((1.703514, 0.942449), (2.825145, 2.763253), (2.877898, 2.920325)),
                status="exact",
                source="algebra, solved numerically: stable node, saddle, stable focus",
                run={"variables": ("T", "S"), "low": 0.0, "high": 4.0},
            ),
        ),
    )
