"""Wilson and Cowan's populations of excitatory and inhibitory neurons.

tau_E dE/dt = -E + (k_E - E) S_E(c1 E - c2 I + P)
tau_I dI/dt = -I + (k_I - I) S_I(c3 E - c4 I + Q)
S(x) = 1 / (1 + exp(-a (x - theta))) - 1 / (1 + exp(a theta))

E and I are the parts of the neurons that fire. At the default parameters, of the article's figure
11, they oscillate with a period of 5.003. (There k is the largest value of S, 0.9945 and 0.9994;
with these the period is 4.996.)
"""

from jax.nn import sigmoid

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.neuro._citations import WILSON_COWAN_1972


def _response(x, gain, threshold):
    return sigmoid(gain * (x - threshold)) - sigmoid(-gain * threshold)


def _vector_field(t, y, args):
    del t
    E, I = y["E"], y["I"]  # noqa: E741 - as in the article
    excitation = args["c1"] * E - args["c2"] * I + args["P"]
    inhibition = args["c3"] * E - args["c4"] * I + args["Q"]
    to_E = _response(excitation, args["a_E"], args["theta_E"])
    to_I = _response(inhibition, args["a_I"], args["theta_I"])
    return {
        "E": (-E + (args["k_E"] - E) * to_E) / args["tau_E"],
        "I": (-I + (args["k_I"] - I) * to_I) / args["tau_I"],
    }


def wilson_cowan() -> System:
    """Build the Wilson-Cowan populations, on a limit cycle at their default parameters.

    Returns:
        State `E` and `I`, scalars without dimension; parameters `P` and `Q` are the inputs to the
        excitatory and the inhibitory population.

    Source: Wilson, H. R. and Cowan, J. D. (1972), Excitatory and inhibitory interactions in
    localized populations of model neurons, Biophys. J. 12, 1-24.
    """
    run = {"t1": 400, "transient": 100, "dt": 0.01, "variable": "E"}
    return System(
        name="wilson-cowan",
        vector_field=_vector_field,
        initial_state=fixed_state(E=0.1, I=0.05),
        params={
            "P": Parameter(1.25, "1", -100.0, 100.0, "input to the excitatory population"),
            "Q": Parameter(0.0, "1", -100.0, 100.0, "input to the inhibitory population"),
            "c1": Parameter(16.0, "1", 0.0, 100.0, "synapses, excitatory to excitatory"),
            "c2": Parameter(12.0, "1", 0.0, 100.0, "synapses, inhibitory to excitatory"),
            "c3": Parameter(15.0, "1", 0.0, 100.0, "synapses, excitatory to inhibitory"),
            "c4": Parameter(3.0, "1", 0.0, 100.0, "synapses, inhibitory to inhibitory"),
            "a_E": Parameter(1.3, "1", 0.0, 100.0, "steepness of the excitatory response"),
            "theta_E": Parameter(4.0, "1", -100.0, 100.0, "where it is steepest"),
            "a_I": Parameter(2.0, "1", 0.0, 100.0, "steepness of the inhibitory response"),
            "theta_I": Parameter(3.7, "1", -100.0, 100.0, "where it is steepest"),
            "k_E": Parameter(1.0, "1", 0.0, 1.0, "most of the excitatory neurons that can fire"),
            "k_I": Parameter(1.0, "1", 0.0, 1.0, "most of the inhibitory neurons that can fire"),
            "tau_E": Parameter(1.0, "1", 1e-3, 1e3, "time constant of the excitatory population"),
            "tau_I": Parameter(1.0, "1", 1e-3, 1e3, "time constant of the inhibitory population"),
        },
        variables={
            "E": Variable(description="activity of the excitatory population"),
            "I": Variable(description="activity of the inhibitory population"),
        },
        time_unit="1",
        description="an excitatory and an inhibitory population; a limit cycle",
        citation="Wilson and Cowan (1972), Biophys. J. 12, 1-24",
        bibtex=WILSON_COWAN_1972,
        dt=0.05,
        truth=(
            Truth("period", 5.00341, source="scipy", run=run),
            Truth("peak_to_peak", 0.169964, source="scipy", run=run),
        ),
    )
