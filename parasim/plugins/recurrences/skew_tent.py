"""The skew tent map, chaos of which everything is known.

x[n+1] = x[n] / c              where x[n] < c
x[n+1] = (1 - x[n]) / (1 - c)  elsewhere

Orbits are spread evenly over [0, 1], so that the Lyapunov exponent is
-c log c - (1 - c) log(1 - c).
"""

import jax.numpy as jnp

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.recurrences._citations import BILLINGS_2001


def _step(n, y, args):
    del n
    x, c = y["x"], args["c"]
    return {"x": jnp.where(x < c, x / c, (1 - x) / (1 - c))}


def skew_tent() -> System:
    """Build the skew tent map, chaotic for every value of its parameter.

    Returns:
        State `x`, a scalar in [0, 1]; parameter `c`, the place of the tip. With c = 1/2 the numbers
        of a computer run out of digits after some 50 steps; other values round, and go on.

    Source: Billings, L. and Bollt, E. M. (2001), Probability density functions of some skew tent
    maps, Chaos Solitons Fractals 12, 365-376.
    """
    return System(
        name="skew-tent",
        step=_step,
        initial_state=fixed_state(x=0.3),
        params={"c": Parameter(0.4, "1", 0.01, 0.99, "place of the tip")},
        variables={"x": Variable(description="place in the interval [0, 1]")},
        time_unit="step",
        description="a piecewise linear map of the interval; chaotic, its exponent known exactly",
        citation="Billings and Bollt (2001), Chaos Solitons Fractals 12, 365-376",
        bibtex=BILLINGS_2001,
        truth=(
            Truth(
                "lyapunov_exponents",
                (0.673011667,),
                0.0,
                "exact",
                "the invariant density is uniform",
                run={"t1": 10**6, "window": 16},
            ),
        ),
    )
