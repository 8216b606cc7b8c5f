"""Rössler's equations, the simplest chaos in continuous time.

dx/dt = -y - z
dy/dt = x + a y
dz/dt = b + z (x - c)
"""

from parasim import Parameter, System, Variable
from parasim.plugins import fixed_state

PARASIM_API = 1  # the version of parasim's plugin interface that this was written for


def _vector_field(t, y, args):
    del t
    return {
        "x": -y["y"] - y["z"],
        "y": y["x"] + args["a"] * y["y"],
        "z": args["b"] + y["z"] * (y["x"] - args["c"]),
    }


def rossler() -> System:
    """Build the Rössler system, chaotic at its default parameters."""
    return System(
        name="rossler",
        vector_field=_vector_field,
        initial_state=fixed_state(x=1.0, y=1.0, z=0.0),
        params={
            "a": Parameter(0.2, "1", -10.0, 10.0, "growth of the spiral"),
            "b": Parameter(0.2, "1", -10.0, 10.0, "inflow"),
            "c": Parameter(5.7, "1", 0.0, 100.0, "where the sheet folds"),
        },
        variables={
            "x": Variable(description="along the spiral"),
            "y": Variable(description="across the spiral"),
            "z": Variable(description="height of the fold"),
        },
        time_unit="1",
        description="a spiral that folds back into itself; chaotic",
        citation="Rössler (1976), Phys. Lett. A 57, 397-398",
    )
