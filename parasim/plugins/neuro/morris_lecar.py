"""Morris and Lecar's membrane of the barnacle muscle, with calcium and potassium.

C dV/dt = I - g_Ca m(V) (V - E_Ca) - g_K w (V - E_K) - g_L (V - E_L)
dw/dt = phi (w_inf(V) - w) cosh((V - V3) / (2 V4))
m(V) = (1 + tanh((V - V1) / V2)) / 2,   w_inf(V) = (1 + tanh((V - V3) / V4)) / 2

At the default parameters firing begins and ends with Hopf points, at I = 93.86 and 212.02 uA/cm2.
"""

import jax.numpy as jnp

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.neuro._citations import MORRIS_LECAR_1981


def _vector_field(t, y, args):
    del t
    V, w = y["V"], y["w"]
    calcium = (1 + jnp.tanh((V - args["V1"]) / args["V2"])) / 2
    target = (1 + jnp.tanh((V - args["V3"]) / args["V4"])) / 2
    rate = args["phi"] * jnp.cosh((V - args["V3"]) / (2 * args["V4"]))
    current = args["g_Ca"] * calcium * (V - args["E_Ca"])
    current = current + args["g_K"] * w * (V - args["E_K"]) + args["g_L"] * (V - args["E_L"])
    return {"V": (args["I"] - current) / args["C"], "w": rate * (target - w)}


def morris_lecar() -> System:
    """Build the Morris-Lecar neuron, firing periodically at its default parameters.

    Returns:
        State `V` (mV) and `w` (the part of potassium channels that is open), scalars; parameter
        `I` is the injected current, time is in ms.

    Source: Morris, C. and Lecar, H. (1981), Voltage oscillations in the barnacle giant muscle
    fiber, Biophys. J. 35, 193-213; the set of parameters with Hopf points of Rinzel, J. and
    Ermentrout, B. (1989), in Koch and Segev, Methods in Neuronal Modeling.
    """
    conductance = "mS cm-2"
    source = "scipy: eigenvalues, and the limit cycle at I = 100"
    return System(
        name="morris-lecar",
        vector_field=_vector_field,
        initial_state=fixed_state(V=-40.0, w=0.0),
        params={
            "I": Parameter(100.0, "uA cm-2", -1e3, 1e3, "injected current"),
            "C": Parameter(20.0, "uF cm-2", 1e-3, 1e3, "capacitance of the membrane"),
            "g_Ca": Parameter(4.4, conductance, 0.0, 1e3, "largest conductance of calcium"),
            "g_K": Parameter(8.0, conductance, 0.0, 1e3, "largest conductance of potassium"),
            "g_L": Parameter(2.0, conductance, 0.0, 1e3, "conductance of the leak"),
            "E_Ca": Parameter(120.0, "mV", -200.0, 200.0, "reversal potential of calcium"),
            "E_K": Parameter(-84.0, "mV", -200.0, 200.0, "reversal potential of potassium"),
            "E_L": Parameter(-60.0, "mV", -200.0, 200.0, "reversal potential of the leak"),
            "V1": Parameter(-1.2, "mV", -200.0, 200.0, "where half of the calcium channels open"),
            "V2": Parameter(18.0, "mV", 1.0, 200.0, "width of that"),
            "V3": Parameter(2.0, "mV", -200.0, 200.0, "where half of the potassium channels open"),
            "V4": Parameter(30.0, "mV", 1.0, 200.0, "width of that"),
            "phi": Parameter(0.04, "ms-1", 0.0, 10.0, "rate of the potassium channels"),
        },
        variables={
            "V": Variable("mV", (), "membrane potential"),
            "w": Variable("1", (), "activation of potassium"),
        },
        time_unit="ms",
        description="barnacle muscle; fires periodically for I between 93.9 and 212.0",
        citation="Morris and Lecar (1981), Biophys. J. 35, 193-213",
        bibtex=MORRIS_LECAR_1981,
        dt=0.05,
        truth=(
            Truth(
                "hopf_points",
                (93.858, 212.019),
                source=source,
                run={"parameter": "I", "start": 0.0, "stop": 300.0},
            ),
            Truth("period", 85.2906, source=source, run={"t1": 6000, "transient": 2000}),
        ),
    )
