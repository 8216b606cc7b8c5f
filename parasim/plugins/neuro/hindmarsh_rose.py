"""Hindmarsh and Rose's three equations of a neuron that fires in bursts.

dx/dt = y - a x^3 + b x^2 - z + I
dy/dt = c - d x^2 - y
dz/dt = r (s (x - x_rest) - z)

x is the membrane potential, y the fast and z the slow currents. With I = 3.25 and r = 0.006 the
bursts are irregular.
"""

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.neuro._citations import HINDMARSH_ROSE_1984


def _vector_field(t, y, args):
    del t
    x, fast, slow = y["x"], y["y"], y["z"]
    square = x * x
    return {
        "x": fast - args["a"] * square * x + args["b"] * square - slow + args["I"],
        "y": args["c"] - args["d"] * square - fast,
        "z": args["r"] * (args["s"] * (x - args["x_rest"]) - slow),
    }


def hindmarsh_rose() -> System:
    """Build the Hindmarsh-Rose neuron, with chaotic bursts at its default parameters.

    Returns:
        State `x`, `y`, `z`, scalars without dimension; parameter `I` is the injected current.

    Source: Hindmarsh, J. L. and Rose, R. M. (1984), A model of neuronal bursting using three
    coupled first order differential equations, Proc. R. Soc. Lond. B 221, 87-102.
    """
    return System(
        name="hindmarsh-rose",
        vector_field=_vector_field,
        initial_state=fixed_state(x=-1.0, y=0.0, z=3.0),
        params={
            "I": Parameter(3.25, "1", -10.0, 10.0, "injected current"),
            "a": Parameter(1.0, "1", 0.0, 10.0, "of the cubic current"),
            "b": Parameter(3.0, "1", 0.0, 10.0, "of the quadratic current"),
            "c": Parameter(1.0, "1", -10.0, 10.0, "of the fast current at rest"),
            "d": Parameter(5.0, "1", 0.0, 20.0, "of the fast current"),
            "r": Parameter(0.006, "1", 0.0, 1.0, "rate of the slow current"),
            "s": Parameter(4.0, "1", 0.0, 20.0, "adaptation to the potential"),
            "x_rest": Parameter(-1.6, "1", -10.0, 10.0, "potential at rest"),
        },
        variables={
            "x": Variable(description="membrane potential"),
            "y": Variable(description="fast currents"),
            "z": Variable(description="slow current of adaptation"),
        },
        time_unit="1",
        description="a neuron that fires in bursts; chaotic",
        citation="Hindmarsh and Rose (1984), Proc. R. Soc. Lond. B 221, 87-102",
        bibtex=HINDMARSH_ROSE_1984,
        dt=0.05,
    )
