"""Whether Jacobians are of the form that somebody said they have."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from parasim.integrators.method._structure import AbstractStructure
from parasim.integrators.newton._intervals import Intervals

# In units of rounding: what products over the steps of an interval may differ by.
_ROUNDING = 1000


def as_claimed(
    structure: AbstractStructure,
    intervals: Intervals,
    y0: Float[Array, " d"],
    last: Float[Array, " d"],
    states: Float[Array, "N d"],
) -> tuple[Float[Array, " d"], Float[Array, "N d"]]:
    """Return the states, with an error if Jacobians have entries that `exact=True` denies.

    One random tangent goes through every interval, and through what the structure keeps of it.

    Arguments:
        structure: of the Jacobians.
        intervals: the window.
        y0: its first state.
        last: the state after the last step.
        states: after each step.

    Raises:
        RuntimeError: when it is computed, as equinox raises it; names what to use instead.
    """
    size = y0.size
    if not structure.claims(size):
        return last, states
    linearised = intervals.linearised(intervals.starts(y0, intervals.last_of_each(states)))
    matrices = structure.linearised(linearised)[1]
    direction = jax.random.normal(jax.random.key(0), (size, 1), y0.dtype)
    pushed = linearised.push(direction)[1]
    kept = structure.apply(matrices, jnp.broadcast_to(direction, pushed.shape))
    lost = jnp.max(jnp.abs(pushed - kept), axis=(-2, -1))
    scale = jnp.max(jnp.abs(pushed), axis=(-2, -1)) + structure.magnitude(matrices)
    # Of what is not finite nothing is known.
    wrong = jnp.any(lost > _ROUNDING * jnp.finfo(y0.dtype).eps * scale)
    return eqx.error_if(
        (last, states),
        wrong,
        f"the Jacobians of the steps have entries that {structure} does not keep, though "
        "`exact=True` says that it keeps all: use exact=False, larger blocks or Dense() of "
        "parasim.methods, or quasi_deer() in the place of para_rnn()",
    )
