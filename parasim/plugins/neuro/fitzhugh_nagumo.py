"""FitzHugh and Nagumo's two equations of an excitable membrane.

dv/dt = v - v^3 / 3 - w + I
dw/dt = epsilon (v + a - b w)

With (a, b, epsilon) = (0.7, 0.8, 0.08) it rests for I below 0.3313 and above 1.4187 (Hopf
points) and fires between them, at I = 0.5 with a period of 39.474.
"""

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.neuro._citations import FITZHUGH_1961


def _vector_field(t, y, args):
    del t
    v, w = y["v"], y["w"]
    return {
        "v": v - v * v * v / 3 - w + args["I"],
        "w": args["epsilon"] * (v + args["a"] - args["b"] * w),
    }


def fitzhugh_nagumo() -> System:
    """Build the FitzHugh-Nagumo neuron, firing periodically at its default parameters.

    Returns:
        State `v` (membrane potential) and `w` (recovery), scalars without dimension; parameters
        `I` (current), `a`, `b`, `epsilon`.

    Source: FitzHugh, R. (1961), Impulses and physiological states in theoretical models of nerve
    membrane, Biophys. J. 1, 445-466.
    """
    return System(
        name="fitzhugh-nagumo",
        vector_field=_vector_field,
        initial_state=fixed_state(v=-1.0, w=1.0),
        params={
            "I": Parameter(0.5, "1", -10.0, 10.0, "injected current"),
            "a": Parameter(0.7, "1", -10.0, 10.0, "offset of the recovery"),
            "b": Parameter(0.8, "1", 0.0, 10.0, "decay of the recovery"),
            "epsilon": Parameter(0.08, "1", 0.0, 10.0, "rate of the recovery"),
        },
        variables={
            "v": Variable(description="membrane potential"),
            "w": Variable(description="recovery"),
        },
        time_unit="1",
        description="an excitable membrane in two equations; fires periodically",
        citation="FitzHugh (1961), Biophys. J. 1, 445-466",
        bibtex=FITZHUGH_1961,
        dt=0.05,
        truth=(
            Truth(
                "hopf_points",
                (0.331281337, 1.418718663),
                status="exact",
                source="trace of the Jacobian",
                run={"parameter": "I", "start": 0.0, "stop": 2.0},
            ),
            Truth(
                "period",
                39.474415,
                1.3e-5,
                source="scipy",
                run={"t1": 2000, "transient": 400, "dt": 0.01},
            ),
        ),
    )
