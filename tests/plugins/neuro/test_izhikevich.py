"""Izhikevich's own scheme, Euler steps and resets after them, as a recurrence."""

import jax.numpy as jnp
import pytest

import parasim
from parasim import Parameter, System, Variable


def _euler(n, y, args):
    """The published program: u follows the new v."""
    v, u, dt = y["v"], y["u"], args["dt"]
    v = v + dt * (0.04 * v**2 + 5 * v + 140 - u + 10)
    u = u + dt * 0.02 * (0.2 * v - u)
    fires = v >= 30
    return {
        "v": jnp.where(fires, -65.0, v),
        "u": jnp.where(fires, u + 8, u),
        "spikes": y["spikes"] + fires,
    }


@pytest.mark.slow
@pytest.mark.parametrize(("dt", "spikes"), [(1.0, 21), (0.5, 22), (0.1, 23)])
def test_spikes_are_lost_at_large_steps_as_published(dt, spikes):
    """Of truth.json, for a current of 10 over 1,000 ms; resets that are located give 23."""
    neuron = System(
        name="izhikevich-euler",
        step=_euler,
        initial_state=lambda params, seed: {"v": -65.0, "u": -13.0, "spikes": 0.0},
        params={"dt": Parameter(dt, "ms")},
        variables={"v": Variable("mV"), "u": Variable("mV"), "spikes": Variable()},
        time_unit="step",
        description="regular spiking, by Euler's method",
        citation="Izhikevich (2003), IEEE Trans. Neural Netw. 14, 1569-1572",
    )
    run = parasim.simulate(neuron, t1=round(1000 / dt))
    assert int(run["spikes"][-1]) == spikes
