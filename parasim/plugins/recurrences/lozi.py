"""Lozi's map of the plane: Henon's with a sharp fold, piecewise linear.

x[n+1] = 1 - a |x[n]| + y[n]
y[n+1] = b x[n]

The determinant of the Jacobian is +-b everywhere. At (a, b) = (1.7, 0.5) the largest Lyapunov
exponent is 0.470.
"""

import math

import jax.numpy as jnp

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.recurrences._citations import LOZI_1978

_RUN = {"t1": 10**6, "window": 16, "interval": 4}


def _step(n, y, args):
    del n
    return {"x": 1 - args["a"] * jnp.abs(y["x"]) + y["y"], "y": args["b"] * y["x"]}


def lozi() -> System:
    """Build the Lozi map, chaotic at its default parameters.

    Returns:
        State `x` and `y`, scalars without dimension; parameters `a` and `b`; a recurrence, whose
        unit of time is a step.

    Source: Lozi, R. (1978), Un attracteur etrange du type attracteur de Henon, J. Phys. Colloq. 39,
    C5-9.
    """
    source = "QR in float64"
    return System(
        name="lozi",
        step=_step,
        initial_state=fixed_state(x=0.0, y=0.0),
        params={
            "a": Parameter(1.7, "1", -10.0, 10.0, "strength of the fold"),
            "b": Parameter(0.5, "1", -1.0, 1.0, "contraction of areas"),
        },
        variables={
            "x": Variable(description="place across the fold"),
            "y": Variable(description="place before, scaled"),
        },
        time_unit="step",
        description="a map that stretches the plane and folds it sharply; chaotic",
        citation="Lozi (1978), J. Phys. Colloq. 39, C5-9",
        bibtex=LOZI_1978,
        truth=(
            Truth("lyapunov_exponents", (0.470169, -1.163317), 3e-5, source=source, run=_RUN),
            Truth("exponent_sum", math.log(0.5), 2e-10, status="exact", source="log b", run=_RUN),
            Truth("kaplan_yorke_dimension", 1.40416, source=source, run=_RUN),
        ),
    )
