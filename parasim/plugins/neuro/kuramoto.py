"""Kuramoto's oscillators, each of them drawn to the mean phase of all: the onset of synchrony.

dtheta[i]/dt = omega[i] + K r sin(psi - theta[i]),   r exp(i psi) = mean of exp(i theta[j])
omega[i] = mean + gamma tan(pi (i + 1/2 - N/2) / N),   i = 0 .. N-1

The frequencies are the quantiles of a Lorentzian of half width gamma. For N to infinity they are
incoherent below K = 2 gamma, and r = sqrt(1 - 2 gamma / K) above.
"""

import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins._truth import Truth
from parasim.plugins.neuro._citations import KURAMOTO_1975


def _vector_field(t, y, args):
    del t
    theta = y["theta"]
    count = theta.shape[0]
    place = (np.arange(count) + 0.5 - count / 2) / count
    omega = args["mean"] + args["gamma"] * jnp.asarray(np.tan(np.pi * place), theta.dtype)
    sine, cosine = jnp.sin(theta), jnp.cos(theta)
    # sin(psi - theta) r, by the means of sine and cosine
    pull = jnp.mean(sine) * cosine - jnp.mean(cosine) * sine
    return {"theta": omega + args["K"] * pull}


def kuramoto(oscillators: int = 100) -> System:
    """Build Kuramoto's oscillators, half in synchrony at their default parameters.

    Arguments:
        oscillators: how many, 2 or more.

    Returns:
        State `theta` of shape (oscillators,), in rad, not wrapped; parameters `K` (coupling),
        `gamma` (half width of the frequencies) and `mean` (their centre). The seed draws the
        phases.

    Raises:
        ConfigError: fewer than 2 oscillators.

    Source: Kuramoto, Y. (1975), Self-entrainment of a population of coupled non-linear
    oscillators, Lecture Notes in Physics 39, 420-422.
    """
    if oscillators < 2:
        raise ConfigError(f"kuramoto: oscillators = {oscillators} must be 2 or more")

    def initial_state(params, seed):
        del params
        return {"theta": np.random.default_rng(seed).uniform(-np.pi, np.pi, oscillators)}

    return System(
        name="kuramoto",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={
            "K": Parameter(2.0, "1", -1e3, 1e3, "coupling"),
            "gamma": Parameter(0.5, "1", 0.0, 100.0, "half width of the frequencies"),
            "mean": Parameter(0.0, "1", -1e3, 1e3, "centre of the frequencies"),
        },
        variables={"theta": Variable("rad", ("oscillator",), "phase")},
        time_unit="1",
        description="oscillators drawn to their mean phase; partly in synchrony",
        citation="Kuramoto (1975), Lecture Notes in Physics 39, 420-422",
        bibtex=KURAMOTO_1975,
        options={"oscillators": oscillators},
        dt=0.01,
        truth=(
            Truth(
                "order_parameter",
                0.5**0.5,
                status="exact",
                source="sqrt(1 - 2 gamma / K) for infinitely many",
                settings={"oscillators": 4000},
                run={"t1": 200, "transient": 50, "every": 10, "variable": "theta"},
            ),
        ),
    )
