"""The energy balance of latitudes with ice, after Budyko and Sellers: a warm Earth and a snowball.

C dT/dt = (S0/4) s(x) (1 - albedo(T)) - A - B T + d/dx [D (1 - x^2) dT/dx],   x = sin(latitude)
s(x) = 1 + s2 (3 x^2 - 1) / 2
albedo(T) = a_ice + (a_free - a_ice) (1 + tanh((T - T_ice) / T_width)) / 2

on bands of equal area, so that transport moves heat and makes none. Cold bands are covered with
ice, which reflects, which cools: at the default parameters a climate with ice at the poles and one
that is frozen all over are both stable.
"""

import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.climate._citations import BUDYKO_SELLERS


def _vector_field(t, y, args):
    del t
    temperature = y["temperature"]
    bands, dtype = temperature.shape[0], temperature.dtype
    edges = np.linspace(-1, 1, bands + 1)  # of the bands, in the sine of latitude
    middles, width = (edges[1:] + edges[:-1]) / 2, 2 / bands
    shape = 1 + args["s2"] * jnp.asarray((3 * middles**2 - 1) / 2, dtype)
    free = (1 + jnp.tanh((temperature - args["T_ice"]) / args["T_width"])) / 2
    albedo = args["a_ice"] + (args["a_free"] - args["a_ice"]) * free
    absorbed = args["S0"] / 4 * shape * (1 - albedo)
    emitted = args["A"] + args["B"] * temperature
    gradient = (temperature[1:] - temperature[:-1]) / width
    flux = args["D"] * jnp.asarray(1 - edges[1:-1] ** 2, dtype) * gradient
    convergence = (jnp.pad(flux, (0, 1)) - jnp.pad(flux, (1, 0))) / width
    return {"temperature": (absorbed - emitted + convergence) / args["heat_capacity"]}


def budyko_sellers(bands: int = 36) -> System:
    """Build the energy-balance model in latitude, with the feedback of ice on the albedo.

    Arguments:
        bands: number of bands of equal area from the south to the north pole, 3 or more.

    Returns:
        State `temperature` of shape (bands,), in degrees Celsius, south first; the parameters are
        below, time is in years. It starts from a parabola in the sine of latitude, which goes to
        the climate with ice at the poles.

    Raises:
        ConfigError: fewer than 3 bands.

    Source: Budyko, M. I. (1969), Tellus 21, 611-619; Sellers, W. D. (1969), J. Appl. Meteorol. 8,
    392-400; transport by diffusion and its parameters as in North, G. R. (1975), J. Atmos. Sci. 32,
    2033-2043.
    """
    if bands < 3:
        raise ConfigError(f"budyko-sellers: bands = {bands} are too few: it needs 3 or more")
    sine = -1 + (2 * np.arange(bands) + 1) / bands

    def initial_state(params, seed):
        del params, seed
        return {"temperature": 28.0 - 42.0 * sine**2}

    transfer = "W m-2 K-1"
    return System(
        name="budyko-sellers",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={
            "S0": Parameter(1365.0, "W m-2", 0.0, 1e4, "radiation of the sun"),
            "s2": Parameter(-0.48, "1", -1.0, 0.0, "contrast of insolation, equator to pole"),
            "a_free": Parameter(0.3, "1", 0.0, 1.0, "albedo without ice"),
            "a_ice": Parameter(0.62, "1", 0.0, 1.0, "albedo of ice"),
            "T_ice": Parameter(-10.0, "degC", -50.0, 50.0, "temperature at which ice begins"),
            "T_width": Parameter(2.0, "K", 0.01, 50.0, "over which ice becomes complete"),
            "A": Parameter(210.0, "W m-2", 0.0, 1e3, "radiation to space at 0 degC"),
            "B": Parameter(2.0, transfer, 0.0, 20.0, "more of it for each degree"),
            "D": Parameter(0.55, transfer, 0.0, 20.0, "diffusion of heat to the poles"),
            "heat_capacity": Parameter(10.0, "W year m-2 K-1", 0.01, 1e4, "of a mixed layer"),
        },
        variables={"temperature": Variable("degC", ("band",), "temperature of the surface")},
        time_unit="year",
        description="temperature in latitude with ice-albedo feedback; a warm Earth and a snowball",
        citation="Budyko (1969), Tellus 21, 611-619; Sellers (1969), J. Appl. Meteorol. 8, 392-400",
        bibtex=BUDYKO_SELLERS,
        options={"bands": bands},
        dt=0.05,
    )
