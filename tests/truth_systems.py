"""Systems with known exponents that are not built in: vector fields, and step maps `f(c, x)`."""

import jax
import jax.numpy as jnp
import numpy as np


def roessler(t, y, args):
    """Rössler with a = b = 0.2, c = 5.7."""
    return jnp.stack([-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - 5.7)])


def lorenz84(t, y, args):
    """Lorenz (1984) with a = 0.25, b = 4, F = 8, G = 1."""
    x, y, z = y
    return jnp.stack(
        [
            -(y**2) - z**2 - 0.25 * x + 0.25 * 8,
            x * y - 4 * x * z - y + 1,
            4 * x * y + x * z - z,
        ]
    )


def vallis(t, y, args):
    """Vallis (1986) with B = 102, C = 3, p = 0: the divergence is -(C + 2) everywhere."""
    x, y, z = y
    return jnp.stack([102 * y - 3 * x, x * z - y, -x * y - z + 1])


def two_scale_lorenz96(t, y, args):
    """Lorenz-96 with fast variables: K = 36, J = 10, F = 10, h = 1, b = c = 10."""
    slow, fast = y["slow"], y["fast"]
    forced = (jnp.roll(slow, -1) - jnp.roll(slow, 2)) * jnp.roll(slow, 1) - slow + 10
    coupling = fast.reshape(36, 10).sum(axis=1)
    driven = 100 * (jnp.roll(fast, 1) - jnp.roll(fast, -2)) * jnp.roll(fast, -1) - 10 * fast
    return {"slow": forced - coupling, "fast": driven + jnp.repeat(slow, 10)}


def stuart_landau(a):
    """A limit cycle of radius sqrt(a) with exponents 0 and -2a."""

    def vector_field(t, y, args):
        square = y[0] ** 2 + y[1] ** 2
        return jnp.stack([(a - square) * y[0] - y[1], (a - square) * y[1] + y[0]])

    return vector_field


def lozi(c, _):
    """a = 1.7, b = 0.5: the determinant is -b everywhere."""
    return jnp.stack([1 - 1.7 * jnp.abs(c[0]) + c[1], 0.5 * c[0]]), None


def henon(c, _):
    """a = 1.4, b = 0.3: the determinant is -b everywhere."""
    return jnp.stack([1 - 1.4 * c[0] ** 2 + c[1], 0.3 * c[0]]), None


def skew_tent(c, _):
    """Two linear pieces, steeper on the left of 0.4: the density of its orbits is uniform."""
    return jnp.where(c < 0.4, c / 0.4, (1 - c) / 0.6), None


def kuramoto_sivashinsky(points, length, dt):
    """u_t = -u u_x - u_xx - u_xxxx on a ring, one step of ETDRK4 (Kassam & Trefethen, 2005)."""
    wave = 2 * np.pi / length * np.fft.rfftfreq(points, 1 / points)
    linear = wave**2 - wave**4
    circle = np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32)
    z = dt * linear[:, None] + circle
    half = dt * np.mean((np.exp(z / 2) - 1) / z, axis=1).real
    first = dt * np.mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3, axis=1).real
    second = dt * np.mean((2 + z + np.exp(z) * (z - 2)) / z**3, axis=1).real
    third = dt * np.mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3, axis=1).real
    full, middle = np.exp(dt * linear), np.exp(dt * linear / 2)
    slope = -0.5j * wave
    slope[-1] = 0  # the derivative of the highest wave of an even number of points

    def nonlinear(v):
        return slope * jnp.fft.rfft(jnp.fft.irfft(v, points) ** 2)

    def step(u, _):
        v = jnp.fft.rfft(u)
        at_start = nonlinear(v)
        a = middle * v + half * at_start
        at_a = nonlinear(a)
        b = middle * v + half * at_a
        at_b = nonlinear(b)
        c = middle * a + half * (2 * at_b - at_start)
        at_c = nonlinear(c)
        v = full * v + at_start * first + 2 * (at_a + at_b) * second + at_c * third
        return jnp.fft.irfft(v, points), None

    return step


def linear(t, y, args):
    """dy/dt = A y with A in args."""
    return jnp.sum(args * y[None], axis=-1)


def van_der_pol(t, y, args):
    """In the coordinates P y, with P and its inverse in args."""
    matrix, inverse = args
    x, v = jnp.sum(inverse * y[None], axis=-1)
    slope = jnp.stack([v, (1 - x**2) * v - x])
    return jnp.sum(matrix * slope[None], axis=-1)


def no_derivative(t, y, args):
    """A vector field that jax cannot differentiate."""
    shape = jax.ShapeDtypeStruct(y.shape, y.dtype)
    return jax.pure_callback(lambda y: -np.asarray(y), shape, y, vmap_method="expand_dims")
