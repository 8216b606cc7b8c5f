"""Hodgkin and Huxley's membrane of the squid giant axon, at 6.3 degrees C.

C dV/dt = I - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) - g_L (V - E_L)
dm/dt = alpha_m(V) (1 - m) - beta_m(V) m,   h and n likewise

With V = -65 mV at rest (the sign and origin in use today; the article's V is -(V + 65)) and
E_L = -54.387 mV. It fires for I above 6.26 uA/cm2, at 68.3 Hz for I = 10.
"""

import jax.numpy as jnp
from jax.nn import sigmoid

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.neuro._citations import HODGKIN_HUXLEY_1952
from parasim.plugins.neuro._exp_linear import exp_linear


def _rates(V):
    """Return alpha and beta of the gates m, h, n, per ms, at the voltage V in mV."""
    return {
        "m": (exp_linear((V + 40) / 10), 4 * jnp.exp(-(V + 65) / 18)),
        "h": (0.07 * jnp.exp(-(V + 65) / 20), sigmoid((V + 35) / 10)),
        "n": (0.1 * exp_linear((V + 55) / 10), 0.125 * jnp.exp(-(V + 65) / 80)),
    }


def _vector_field(t, y, args):
    del t
    V, m, h, n = y["V"], y["m"], y["h"], y["n"]
    sodium = args["g_Na"] * m * m * m * h * (V - args["E_Na"])
    potassium = args["g_K"] * (n * n) * (n * n) * (V - args["E_K"])
    leak = args["g_L"] * (V - args["E_L"])
    gates = {
        gate: alpha * (1 - y[gate]) - beta * y[gate] for gate, (alpha, beta) in _rates(V).items()
    }
    return {"V": (args["I"] - sodium - potassium - leak) / args["C"], **gates}


def hodgkin_huxley() -> System:
    """Build the Hodgkin-Huxley neuron, firing periodically at its default parameters.

    Returns:
        State `V` (mV) and the gates `m`, `h`, `n` (without dimension), all scalars; parameter
        `I` is the injected current, the others are below, time is in ms. It starts at V = -65
        with the gates at equilibrium.

    Source: Hodgkin, A. L. and Huxley, A. F. (1952), A quantitative description of membrane
    current and its application to conduction and excitation in nerve, J. Physiol. 117, 500-544.
    """
    conductance = "mS cm-2"
    return System(
        name="hodgkin-huxley",
        vector_field=_vector_field,
        # The gates are at equilibrium for V = -65.
        initial_state=fixed_state(
            V=-65.0, m=0.05293248525724958, h=0.5961207535084603, n=0.3176769140606974
        ),
        params={
            "I": Parameter(10.0, "uA cm-2", -1e3, 1e3, "injected current"),
            "C": Parameter(1.0, "uF cm-2", 1e-3, 1e3, "capacitance of the membrane"),
            "g_Na": Parameter(120.0, conductance, 0.0, 1e4, "largest conductance of sodium"),
            "g_K": Parameter(36.0, conductance, 0.0, 1e4, "largest conductance of potassium"),
            "g_L": Parameter(0.3, conductance, 0.0, 1e4, "conductance of the leak"),
            "E_Na": Parameter(50.0, "mV", -200.0, 200.0, "reversal potential of sodium"),
            "E_K": Parameter(-77.0, "mV", -200.0, 200.0, "reversal potential of potassium"),
            "E_L": Parameter(-54.387, "mV", -200.0, 200.0, "reversal potential of the leak"),
        },
        variables={
            "V": Variable("mV", (), "membrane potential"),
            "m": Variable("1", (), "activation of sodium"),
            "h": Variable("1", (), "inactivation of sodium"),
            "n": Variable("1", (), "activation of potassium"),
        },
        time_unit="ms",
        description="squid giant axon; fires periodically for I above 6.26",
        citation="Hodgkin and Huxley (1952), J. Physiol. 117, 500-544",
        bibtex=HODGKIN_HUXLEY_1952,
        dt=0.01,
        truth=(
            Truth(
                "fixed_points",
                ((-64.9964,),),
                source="scipy",
                settings={"I": 0.0},
                run={"variables": ("V",), "low": (-90.0, 0.0, 0.0, 0.0), "high": (40.0, 1, 1, 1)},
            ),
            Truth(
                "hopf_points",
                (9.7754, 154.522),
                source="scipy",
                run={"parameter": "I", "start": 0.0, "stop": 200.0},
            ),
            Truth(
                "firing_onset",
                6.2601,
                source="scipy",
                run={"parameter": "I", "low": 6.23, "high": 6.29, "t1": 3000},
            ),
            *(
                Truth(
                    "firing_rate",
                    rate,
                    source="scipy",
                    settings={"I": current},
                    run={"t1": 1500, "transient": 500},
                )
                for current, rate in ((6.3, 52.37), (10.0, 68.32), (20.0, 86.47))
            ),
        ),
    )
