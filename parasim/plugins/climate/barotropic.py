"""The barotropic vorticity equation on a doubly periodic plane: two-dimensional turbulence.

d zeta/dt = -u . grad zeta - beta v - drag zeta - viscosity lap^2 zeta + forcing k cos(k y)
lap psi = zeta,   u = -d psi/dy,   v = d psi/dx,   on [0, 2 pi) x [0, 2 pi)

in Fourier space for the derivatives and on the grid for the products, whose waves beyond a third of
the points are left out (Orszag's rule), so that nothing is aliased. Without drag, viscosity and
forcing it conserves the energy sum u^2 + v^2 and the enstrophy sum zeta^2 of the waves that are
kept.
"""

import jax.numpy as jnp
import numpy as np

from parasim._errors import ConfigError
from parasim.plugins._system import Parameter, System, Variable
from parasim.plugins.climate._citations import BAROTROPIC

_FORCED = 4  # the wave number k of the forcing


def _vector_field(t, y, args):
    del t
    zeta = y["vorticity"]
    points, dtype = zeta.shape[0], zeta.dtype
    x, z, kept = _waves(points)
    laplacian = -(x**2 + z**2)
    inverse = np.where(laplacian == 0, 0, 1 / np.where(laplacian == 0, 1, laplacian))
    spectrum = jnp.fft.rfft2(zeta)
    inside = spectrum * jnp.asarray(kept, spectrum.dtype)
    stream = inside * jnp.asarray(inverse, spectrum.dtype)

    def on_grid(waves, factor):
        return jnp.fft.irfft2(waves * jnp.asarray(1j * factor, waves.dtype), (points, points))

    u, v = on_grid(stream, -z), on_grid(stream, x)
    advection = u * on_grid(inside, x) + v * on_grid(inside, z)
    damping = args["drag"] + args["viscosity"] * jnp.asarray(laplacian**2, dtype)
    change = -jnp.fft.rfft2(advection) * jnp.asarray(kept, spectrum.dtype)
    change = change - damping.astype(spectrum.dtype) * spectrum
    place = jnp.asarray(2 * np.pi * _FORCED * np.arange(points) / points, dtype)
    forcing = args["forcing"] * _FORCED * jnp.cos(place)[:, None]
    return {"vorticity": jnp.fft.irfft2(change, (points, points)) - args["beta"] * v + forcing}


def _waves(points):
    """Return the wave numbers in x and y of a real transform, and which waves are kept."""
    y = np.fft.fftfreq(points, 1 / points)[:, None]
    x = np.fft.rfftfreq(points, 1 / points)[None]
    return x, y, (np.abs(x) < points / 3) & (np.abs(y) < points / 3)


def barotropic(points: int = 32) -> System:
    """Build the barotropic vorticity equation, forced into turbulence at its default parameters.

    Arguments:
        points: of the grid in each direction, an even number, 16 or more.

    Returns:
        State `vorticity` of shape (points, points), first in y and then in x, without dimension;
        parameters `beta`, `drag`, `viscosity`, `forcing`. The seed draws the initial state, which
        has large waves only, and a mean square velocity of 1.

    Raises:
        ConfigError: the number of points is odd, or too small.

    Source: Charney, J. G., Fjortoft, R. and von Neumann, J. (1950), Numerical integration of the
    barotropic vorticity equation, Tellus 2, 237-254; Orszag, S. A. (1971), J. Atmos. Sci. 28, 1074
    (the waves to leave out).
    """
    if points < 16 or points % 2:
        raise ConfigError(f"barotropic: points = {points} must be an even number, 16 or more")

    def initial_state(params, seed):
        del params
        x, y, _ = _waves(points)
        square = x**2 + y**2
        noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((points, points)))
        waves = np.where((square > 0) & (square <= 16), noise, 0)
        scale = np.where(square > 0, 1j / np.where(square > 0, square, 1), 0)
        u, v = (np.fft.irfft2(waves * scale * k, (points, points)) for k in (y, -x))
        speed = np.sqrt(np.mean(u**2 + v**2))
        return {"vorticity": np.fft.irfft2(waves, (points, points)) / speed}

    return System(
        name="barotropic",
        vector_field=_vector_field,
        initial_state=initial_state,
        params={
            "beta": Parameter(0.0, "1", -1e3, 1e3, "gradient of the planetary vorticity"),
            "drag": Parameter(0.05, "1", 0.0, 100.0, "friction at the ground"),
            "viscosity": Parameter(1e-4, "1", 0.0, 1.0, "of the smallest eddies"),
            "forcing": Parameter(0.5, "1", -100.0, 100.0, "acceleration by a wavy force"),
        },
        variables={"vorticity": Variable("1", ("y", "x"), "vorticity")},
        time_unit="1",
        description="two-dimensional turbulence on a plane, with planetary waves; chaotic",
        citation="Charney, Fjortoft and von Neumann (1950), Tellus 2, 237-254",
        bibtex=BAROTROPIC,
        options={"points": points},
        dt=0.01,
    )
