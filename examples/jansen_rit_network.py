"""A ring of Jansen and Rit's cortical columns that differ in their input, coupled to neighbours.

Column i has the input p_i = p + spread z_i + K mean of S(y1 - y2) over its `reach` neighbours on
either side, where z goes from -1 to 1 in an order without a pattern. Everything else is the
column that parasim has, whose input may be an array.

parasim run examples/jansen_rit_network.py:network --sweep K=0,20 --t1 20 --out network.zarr
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

import parasim


def network(columns: int = 16, reach: int = 2) -> parasim.System:
    """Build the ring.

    Arguments:
        columns: how many.
        reach: to how many neighbours on either side each is coupled.
    """
    column = parasim.get_system("jansen-rit", columns=columns)
    difference = np.random.default_rng(0).permutation(np.linspace(-1.0, 1.0, columns))
    distance = np.abs(np.arange(columns)[:, None] - np.arange(columns))
    distance = np.minimum(distance, columns - distance)
    weights = ((distance > 0) & (distance <= reach)) / (2.0 * reach)

    def vector_field(t, y, args):
        potential = y["y1"] - y["y2"]
        rate = 2 * args["e0"] * jax.nn.sigmoid(args["r_s"] * (potential - args["v0"]))
        neighbours = jnp.asarray(weights, rate.dtype) @ rate
        spread = args["spread"] * jnp.asarray(difference, rate.dtype)
        inputs = {"p": args["p"] + spread + args["K"] * neighbours, "K": 0.0}
        return column.vector_field(t, y, {**args, **inputs})

    return dataclasses.replace(
        column,
        name="jansen-rit-ring",
        vector_field=vector_field,
        params={
            **column.params,
            "p": parasim.Parameter(200.0, "s-1", -1e4, 1e4, "mean input to the pyramidal cells"),
            "spread": parasim.Parameter(60.0, "s-1", 0.0, 1e4, "by which inputs differ, at most"),
        },
        description="a ring of cortical columns with different inputs",
        options={"columns": columns, "reach": reach},
        truth=(),
    )
