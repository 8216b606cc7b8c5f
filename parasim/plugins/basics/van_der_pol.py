"""Van der Pol's oscillator, nearly a sine for small mu and stiff for large mu.

dx/dt = v
dv/dt = mu (1 - x^2) v - x

The limit cycle has an amplitude of about 2; its period is 2 pi for small mu and grows as
(3 - 2 ln 2) mu for large mu.
"""

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.basics._citations import VAN_DER_POL_1926


def _vector_field(t, y, args):
    del t
    x, v = y["x"], y["v"]
    return {"x": v, "v": args["mu"] * (1 - x * x) * v - x}


def van_der_pol() -> System:
    """Build the van der Pol oscillator, on a limit cycle.

    Returns:
        State `x` (position) and `v` (velocity), scalars without dimension; parameter `mu`.

    Source: van der Pol, B. (1926), On relaxation-oscillations, Phil. Mag. 2, 978-992.
    """
    return System(
        name="van-der-pol",
        vector_field=_vector_field,
        initial_state=fixed_state(x=2.0, v=0.0),
        params={"mu": Parameter(1.0, "1", 0.0, 1e6, "strength of the nonlinear damping")},
        variables={
            "x": Variable(description="position"),
            "v": Variable(description="velocity"),
        },
        time_unit="1",
        description="relaxation oscillator; a limit cycle, stiff for large mu",
        citation="van der Pol (1926), Phil. Mag. 2, 978-992",
        bibtex=VAN_DER_POL_1926,
        dt=0.02,
    )
