"""Izhikevich's neuron: two equations, a jump at every spike, and most firing patterns of cortex.

dv/dt = 0.04 v^2 + 5 v + 140 - u + I
du/dt = a (b v - u)
where v reaches v_peak:   v -> c,   u -> u + d

The moment of a spike is located within the step, by the step's own map, so that spikes do not
depend on the grid. (On a grid, as in the article, a step of 1 ms loses 2 spikes of 23 in a second.)
With (a, b, c, d) = (0.02, 0.2, -65, 8) it is a regular spiking neuron, with (0.1, 0.2, -65, 2) a
fast spiking one.
"""

import jax.numpy as jnp

from parasim.plugins._initial_state import fixed_state
from parasim.plugins._system import Parameter, Reset, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.neuro._citations import IZHIKEVICH_2003


def _vector_field(t, y, args):
    del t
    v, u = y["v"], y["u"]
    return {
        "v": 0.04 * v * v + 5 * v + 140 - u + args["I"],
        "u": args["a"] * (args["b"] * v - u),
        "spikes": jnp.zeros_like(v),
        "spike_time": jnp.zeros_like(v),
    }


def _over_the_peak(t, y, args):
    del t
    return y["v"] - args["v_peak"]


def _spike(t, y, args):
    v = y["v"]
    return {
        "v": args["c"] + jnp.zeros_like(v),
        "u": y["u"] + args["d"],
        "spikes": y["spikes"] + 1,
        "spike_time": jnp.asarray(t, v.dtype),
    }


_RESETS = (Reset(_over_the_peak, _spike),)


def izhikevich() -> System:
    """Build the Izhikevich neuron, regular spiking at its default parameters.

    Returns:
        State `v` (mV), `u` (recovery), `spikes` (how many there were) and `spike_time` (ms, when
        the last one was; 0 before the first), scalars; parameter `I` is the injected current, time
        is in ms. It starts at rest without current.

    Source: Izhikevich, E. M. (2003), Simple model of spiking neurons, IEEE Trans. Neural Netw. 14,
    1569-1572.
    """
    run = {"t1": 1000, "dt": 0.1}
    fast = {"a": 0.1, "d": 2.0}
    source = "scipy, with events, to 1000 ms from v = -65, u = b v"
    return System(
        name="izhikevich",
        vector_field=_vector_field,
        resets=_RESETS,
        initial_state=fixed_state(v=-65.0, u=-13.0, spikes=0.0, spike_time=0.0),
        params={
            "I": Parameter(10.0, "1", -1e3, 1e3, "injected current"),
            "a": Parameter(0.02, "ms-1", 0.0, 10.0, "rate of the recovery"),
            "b": Parameter(0.2, "1", -10.0, 10.0, "sensitivity of the recovery to v"),
            "c": Parameter(-65.0, "mV", -200.0, 29.0, "v after a spike"),
            "d": Parameter(8.0, "1", -100.0, 100.0, "jump of u at a spike"),
            "v_peak": Parameter(30.0, "mV", 0.0, 100.0, "v at a spike"),
        },
        variables={
            "v": Variable("mV", (), "membrane potential"),
            "u": Variable("1", (), "recovery of the membrane"),
            "spikes": Variable("1", (), "number of spikes so far"),
            "spike_time": Variable("ms", (), "time of the last spike"),
        },
        time_unit="ms",
        description="a spiking neuron with a jump at every spike; fires periodically",
        citation="Izhikevich (2003), IEEE Trans. Neural Netw. 14, 1569-1572",
        bibtex=IZHIKEVICH_2003,
        dt=0.1,
        truth=(
            Truth("spike_count", 23, source=source, run=run),
            Truth("first_spike", 3.1271, source=source, run=run),
            Truth("interspike_interval", 44.812, source=source, run=run),
            Truth("spike_count", 137, source=source, settings=fast, run=run),
            Truth("interspike_interval", 7.3426, source=source, settings=fast, run=run),
        ),
    )
