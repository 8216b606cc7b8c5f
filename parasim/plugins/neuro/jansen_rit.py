"""Jansen and Rit's column of the cortex: pyramidal cells and two populations that they talk to.

dy0/dt = y3,   dy3/dt = A a S(y1 - y2) - 2 a y3 - a^2 y0
dy1/dt = y4,   dy4/dt = A a (p + K r + C2 S(C1 y0)) - 2 a y4 - a^2 y1
dy2/dt = y5,   dy5/dt = B b C4 S(C3 y0) - 2 b y5 - b^2 y2
S(v) = 2 e0 / (1 + exp(r_s (v0 - v))),   (C1, C2, C3, C4) = C (1, 0.8, 0.25, 0.25)

y1 - y2 is what an electroencephalogram shows. Columns are coupled by r, the mean of S(y1 - y2) over
the other ones. With C = 135 a column rests, or oscillates at about 10 Hz, for inputs p between the
Hopf points at 89.8 and 315.7 per second.
"""

import jax.numpy as jnp
import numpy as np
from jax.nn import sigmoid

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.neuro._citations import JANSEN_RIT_1995


def _vector_field(t, y, args):
    del t

    def rate(v):
        return 2 * args["e0"] * sigmoid(args["r_s"] * (v - args["v0"]))

    C, columns = args["C"], y["y0"].shape[0]
    output = rate(y["y1"] - y["y2"])
    others = (jnp.sum(output) - output) / max(columns - 1, 1)
    excitation = args["p"] + args["K"] * others + 0.8 * C * rate(C * y["y0"])
    inhibition = 0.25 * C * rate(0.25 * C * y["y0"])

    def synapse(gain, pace, driven, potential, slope):
        return gain * pace * driven - 2 * pace * slope - pace * pace * potential

    A, B, a, b = (args[name] for name in ("A", "B", "a", "b"))
    return {
        "y0": y["y3"],
        "y1": y["y4"],
        "y2": y["y5"],
        "y3": synapse(A, a, output, y["y0"], y["y3"]),
        "y4": synapse(A, a, excitation, y["y1"], y["y4"]),
        "y5": synapse(B, b, inhibition, y["y2"], y["y5"]),
    }


def jansen_rit(columns: int = 1) -> System:
    """Build Jansen and Rit's cortical columns, oscillating at their default parameters.

    Arguments:
        columns: how many, 1 or more, all coupled to all.

    Returns:
        State `y0`, `y1`, `y2` (mV) and their slopes `y3`, `y4`, `y5` (mV/s), each of shape
        (columns,); parameters are below, time is in seconds. The seed draws the initial state.

    Raises:
        ConfigError: there is no column.

    Source: Jansen, B. H. and Rit, V. G. (1995), Electroencephalogram and visual evoked potential
    generation in a mathematical model of coupled cortical columns, Biol. Cybern. 73, 357-366;
    its bifurcations: Grimbert, F. and Faugeras, O. (2006), Neural Comput. 18, 3052-3068.
    """
    if columns < 1:
        raise ConfigError(f"jansen-rit: columns = {columns} must be 1 or more")

    def initial_state(params, seed):
        del params
        random = np.random.default_rng(seed)
        means = {"y0": 0.1, "y1": 15.0, "y2": 10.0, "y3": 0.0, "y4": 0.0, "y5": 0.0}
        return {name: mean + 0.1 * random.standard_normal(columns) for name, mean in means.items()}

    branch = {"parameter": "p", "start": -100.0, "stop": 400.0}
    source = "scipy; Grimbert & Faugeras (2006) have 89.83, 315.70 and 113.58"
    return System(
        name="jansen-rit",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={
            "p": Parameter(120.0, "s-1", -1e4, 1e4, "input to the pyramidal cells"),
            "K": Parameter(0.0, "1", -1e4, 1e4, "coupling to other columns"),
            "C": Parameter(135.0, "1", 0.0, 1e4, "synapses inside the column"),
            "A": Parameter(3.25, "mV", 0.0, 100.0, "largest excitatory potential"),
            "B": Parameter(22.0, "mV", 0.0, 100.0, "largest inhibitory potential"),
            "a": Parameter(100.0, "s-1", 1.0, 1e3, "rate of excitatory synapses"),
            "b": Parameter(50.0, "s-1", 1.0, 1e3, "rate of inhibitory synapses"),
            "e0": Parameter(2.5, "s-1", 0.0, 100.0, "half of the largest firing rate"),
            "v0": Parameter(6.0, "mV", -100.0, 100.0, "potential at half of the largest rate"),
            "r_s": Parameter(0.56, "mV-1", 0.0, 10.0, "steepness of the rate there"),
        },
        variables={
            "y0": Variable("mV", ("column",), "potential by the pyramidal cells"),
            "y1": Variable("mV", ("column",), "excitatory potential of the pyramidal cells"),
            "y2": Variable("mV", ("column",), "inhibitory potential of the pyramidal cells"),
            "y3": Variable("mV s-1", ("column",), "slope of y0"),
            "y4": Variable("mV s-1", ("column",), "slope of y1"),
            "y5": Variable("mV s-1", ("column",), "slope of y2"),
        },
        time_unit="s",
        description="columns of the cortex, as in an electroencephalogram; a limit cycle at 10 Hz",
        citation="Jansen and Rit (1995), Biol. Cybern. 73, 357-366",
        bibtex=JANSEN_RIT_1995,
        options={"columns": columns},
        dt=0.001,
        truth=(
            Truth("hopf_points", (-12.1475, 89.8291, 315.6964), source=source, run=branch),
            Truth("hopf_frequencies", (7.239, 10.377, 11.164), source=source, run=branch),
            Truth("fold_points", (-41.3014, 113.5863), source=source, run=branch),
        ),
    )
