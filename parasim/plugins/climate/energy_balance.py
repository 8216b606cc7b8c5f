"""The global energy balance of two layers, driven by carbon dioxide.

C  dT/dt   = 5.35 ln(co2 / co2_reference) - feedback T - exchange (T - T_deep)
C0 dT_deep/dt = exchange (T - T_deep)

T is the anomaly of surface temperature (C: atmosphere, land and upper ocean), T_deep that of the
deep ocean (C0). At constant co2 both settle at T = forcing / feedback, the surface mostly within
C / (feedback + exchange), about 4 years, the deep ocean within centuries.
"""

import math

import jax.numpy as jnp

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import ENERGY_BALANCE


def _vector_field(t, y, args):
    del t
    surface, deep = y["surface_temperature"], y["deep_temperature"]
    forcing = args["forcing_per_log_co2"] * jnp.log(args["co2"] / args["co2_reference"])
    into_deep = args["exchange"] * (surface - deep)
    return {
        "surface_temperature": (forcing - args["feedback"] * surface - into_deep)
        / args["heat_capacity"],
        "deep_temperature": into_deep / args["deep_heat_capacity"],
    }


def energy_balance() -> System:
    """Build the two-layer global climate model; `co2` is the parameter to drive with data.

    Returns:
        State `surface_temperature` and `deep_temperature`, scalars in K, anomalies against the
        equilibrium at `co2_reference`; the parameters are below, time is in years. It starts in
        that equilibrium, at zero.

    Source: equations of Held, I. M. et al. (2010), J. Climate 23, 2418-2427; parameters are the
    multi-model mean of Geoffroy, O. et al. (2013), J. Climate 26, 1841-1857; forcing of Myhre,
    G. et al. (1998), Geophys. Res. Lett. 25, 2715-2718.
    """
    capacity, transfer = "W year m-2 K-1", "W m-2 K-1"
    return System(
        name="energy-balance",
        vector_field=_vector_field,
        initial_state=fixed_state(surface_temperature=0.0, deep_temperature=0.0),
        params={
            "co2": Parameter(278.0, "ppm", 10.0, 1e5, "carbon dioxide in the atmosphere"),
            "co2_reference": Parameter(278.0, "ppm", 10.0, 1e5, "carbon dioxide at zero anomaly"),
            "forcing_per_log_co2": Parameter(5.35, "W m-2", 0.0, 20.0, "radiative forcing of CO2"),
            "feedback": Parameter(1.13, transfer, 0.0, 10.0, "radiative feedback, lambda"),
            "exchange": Parameter(0.73, transfer, 0.0, 10.0, "heat uptake by the deep, gamma"),
            "heat_capacity": Parameter(7.3, capacity, 0.1, 1e4, "of the surface layer, C"),
            "deep_heat_capacity": Parameter(106.0, capacity, 0.1, 1e5, "of the deep ocean, C0"),
        },
        variables={
            "surface_temperature": Variable("K", (), "anomaly of global surface temperature"),
            "deep_temperature": Variable("K", (), "anomaly of deep-ocean temperature"),
        },
        time_unit="year",
        description="global surface and deep-ocean temperature, forced by CO2",
        citation="Held et al. (2010), J. Climate 23, 2418-2427; Geoffroy et al. (2013), 26, 1841",
        bibtex=ENERGY_BALANCE,
        dt=0.1,
        truth=(
            Truth(
                "fixed_points",
                ((5.35 * math.log(2) / 1.13,),),
                status="exact",
                source="forcing / feedback, for twice as much CO2",
                settings={"co2": 556.0},
                run={"variables": ("surface_temperature",), "low": -10.0, "high": 10.0},
            ),
        ),
    )
