"""A network of regions near a Hopf bifurcation, as whole-brain models have it.

dx[j]/dt = (a - r[j]^2) x[j] - omega[j] y[j] + G sum_k C[j, k] (x[k] - x[j])
dy[j]/dt = (a - r[j]^2) y[j] + omega[j] x[j] + G sum_k C[j, k] (y[k] - y[j]),   r^2 = x^2 + y^2
C[j, k] = exp(-distance(j, k) / reach), scaled to rows of sum 1, on a ring of N regions

The distance is in regions; such an exponential rule stands in for a measured connectome. The
frequencies are evenly spaced over frequency +- spread. For a < 0 each region by itself rests, with
noise or coupling it resonates.
"""

import jax
import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.neuro._citations import HOPF_NETWORK


def _vector_field(t, y, args):
    del t
    x, z = y["x"], y["y"]
    regions, dtype = x.shape[0], x.dtype
    steps = np.abs(np.arange(regions)[:, None] - np.arange(regions))
    distance = jnp.asarray(np.minimum(steps, regions - steps), dtype)
    strength = jnp.asarray(steps > 0, dtype) * jnp.exp(-distance / args["reach"])
    coupling = strength / jnp.sum(strength, axis=1, keepdims=True)
    spacing = jnp.asarray(np.linspace(-1, 1, regions), dtype)
    omega = 2 * np.pi * (args["frequency"] + args["spread"] * spacing)
    gain = args["a"] - (x * x + z * z)

    def pull(own):
        others = jnp.matmul(coupling, own, precision=jax.lax.Precision.HIGHEST)
        return args["G"] * (others - own)

    return {"x": gain * x - omega * z + pull(x), "y": gain * z + omega * x + pull(z)}


def hopf_network(regions: int = 20) -> System:
    """Build a network of Hopf oscillators, oscillating at its default parameters.

    Arguments:
        regions: how many, 3 or more.

    Returns:
        State `x` (the signal of a region) and `y`, each of shape (regions,), without dimension;
        parameters are below, time is in seconds. The seed draws the phases.

    Raises:
        ConfigError: fewer than 3 regions.

    Source: Deco, G. et al. (2017), The dynamics of resting fluctuations in the brain, Sci. Rep. 7,
    3095; the rule of distances: Ercsey-Ravasz, M. et al. (2013), Neuron 80, 184-197.
    """
    if regions < 3:
        raise ConfigError(f"hopf-network: regions = {regions} must be 3 or more")

    def initial_state(params, seed):
        del params
        phase = np.random.default_rng(seed).uniform(-np.pi, np.pi, regions)
        return {"x": 0.3 * np.cos(phase), "y": 0.3 * np.sin(phase)}

    return System(
        name="hopf-network",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={
            "a": Parameter(0.1, "s-1", -100.0, 100.0, "distance from the bifurcation"),
            "frequency": Parameter(0.05, "s-1", 0.0, 1e3, "cycles per second, mean of the regions"),
            "spread": Parameter(0.01, "s-1", 0.0, 1e3, "of the regions' frequencies"),
            "G": Parameter(0.05, "s-1", 0.0, 100.0, "coupling of the regions"),
            "reach": Parameter(3.0, "1", 0.1, 1e3, "distance at which coupling falls by e"),
        },
        variables={
            "x": Variable("1", ("region",), "signal, the real part of the amplitude"),
            "y": Variable("1", ("region",), "the imaginary part of the amplitude"),
        },
        time_unit="s",
        description="a network of regions near a Hopf bifurcation, as of the resting brain",
        citation="Deco et al. (2017), Sci. Rep. 7, 3095",
        bibtex=HOPF_NETWORK,
        options={"regions": regions},
        dt=0.1,
    )
