"""Vector fields, and step maps `f(c, x)`, as users write them; their exponents are known."""

import jax
import jax.numpy as jnp
import numpy as np


def roessler(t, y, args):
    """Rössler with a = b = 0.2, c = 5.7."""
    return jnp.stack([-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - 5.7)])


def stuart_landau(a):
    """A limit cycle of radius sqrt(a) with exponents 0 and -2a."""

    def vector_field(t, y, args):
        square = y[0] ** 2 + y[1] ** 2
        return jnp.stack([(a - square) * y[0] - y[1], (a - square) * y[1] + y[0]])

    return vector_field


def henon(c, _):
    """a = 1.4, b = 0.3: the determinant is -b everywhere."""
    return jnp.stack([1 - 1.4 * c[0] ** 2 + c[1], 0.3 * c[0]]), None


def skew_tent(c, _):
    """Two linear pieces, steeper on the left of 0.4: the density of its orbits is uniform."""
    return jnp.where(c < 0.4, c / 0.4, (1 - c) / 0.6), None


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
