"""Jin's recharge oscillator of El Nino: warm water is gathered along the equator, and discharged.

dT/dt = R T + gamma (h + wind) - e_n (h + b T)^3,   b = b0 mu,  R = gamma b - c
dh/dt = -r h - alpha (b T + wind)

in the units of the article: temperature 7.5 K, thermocline 150 m, time 2 months. The state is in K
and m, and time in months. At rest it loses its stability at the coupling mu = 2/3 (a Hopf point);
the period there is 41.0 months.
"""

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.climate._citations import JIN_1997

_KELVIN, _METRES, _MONTHS = 7.5, 150.0, 2.0  # the scales of the article


def _vector_field(t, y, args):
    del t
    temperature, thermocline = y["temperature"] / _KELVIN, y["thermocline"] / _METRES
    b = args["b0"] * args["mu"]
    rate = args["gamma"] * b - args["c"]
    deepening = thermocline + b * temperature
    warming = rate * temperature + args["gamma"] * (thermocline + args["wind"])
    warming = warming - args["e_n"] * deepening * deepening * deepening
    recharge = -args["r"] * thermocline - args["alpha"] * (b * temperature + args["wind"])
    return {
        "temperature": _KELVIN / _MONTHS * warming,
        "thermocline": _METRES / _MONTHS * recharge,
    }


def recharge_oscillator() -> System:
    """Build Jin's recharge oscillator, on a limit cycle at its default parameters.

    Returns:
        State `temperature` (K) and `thermocline` (m), scalars, anomalies; time is in months. `wind`
        is the parameter to drive with data; `mu` is the strength of the coupling between ocean and
        atmosphere, below 2/3 it is damped.

    Source: Jin, F.-F. (1997), An equatorial ocean recharge paradigm for ENSO. Part I: conceptual
    model, J. Atmos. Sci. 54, 811-829.
    """
    hopf = {"parameter": "mu", "start": 0.4, "stop": 0.9}
    source = "the linear part's trace and determinant"
    return System(
        name="recharge-oscillator",
        vector_field=_vector_field,
        initial_state=fixed_state(temperature=1.0, thermocline=0.0),
        params={
            "mu": Parameter(0.7, "1", 0.0, 2.0, "coupling of ocean and atmosphere"),
            "wind": Parameter(0.0, "1", -10.0, 10.0, "stress of winds from elsewhere"),
            "c": Parameter(1.0, "1", 0.0, 10.0, "damping of the temperature"),
            "gamma": Parameter(0.75, "1", 0.0, 10.0, "warming by the thermocline"),
            "r": Parameter(0.25, "1", 0.0, 10.0, "damping of the upper ocean heat content"),
            "alpha": Parameter(0.125, "1", 0.0, 10.0, "recharge by the wind stress"),
            "b0": Parameter(2.5, "1", 0.0, 100.0, "wind stress by temperature, at mu = 1"),
            "e_n": Parameter(3.0, "1", 0.0, 100.0, "nonlinear stratification"),
        },
        variables={
            "temperature": Variable("K", (), "anomaly of the sea surface in the eastern Pacific"),
            "thermocline": Variable("m", (), "anomaly of its depth in the western Pacific"),
        },
        time_unit="month",
        description="El Nino as a recharge of warm water; a limit cycle for mu above 2/3",
        citation="Jin (1997), J. Atmos. Sci. 54, 811-829",
        bibtex=JIN_1997,
        dt=0.25,
        truth=(
            Truth("hopf_points", (2 / 3,), status="exact", source=source, run=hopf),
            Truth("hopf_frequencies", (1 / 41.04,), status="exact", source=source, run=hopf),
        ),
    )
