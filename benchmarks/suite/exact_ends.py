"""Problems whose end can be had to many digits: vector fields and first states."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from parasim.plugins.neuro.hodgkin_huxley import hodgkin_huxley


class Timed(NamedTuple):
    """An initial value problem from t = 0.

    Attributes:
        vector_field: `(t, y, args) -> dy/dt`.
        y0: the first state.
        t1: the end.
        args: of the vector field.
        stiff: whether explicit methods are of no use.
    """

    vector_field: Callable[[Any, Any, Any], Any]
    y0: Any
    t1: float
    args: Any = None
    stiff: bool = False


def van_der_pol(mu: float) -> Callable[[Any, Any, Any], Any]:
    def field(t: Any, y: Any, args: Any) -> Any:
        del t, args
        return jnp.stack([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    return field


def logistic(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return y * (1 - y)


def rigid_body(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return jnp.stack([-2 * y[1] * y[2], 1.25 * y[0] * y[2], -0.5 * y[0] * y[1]])


def fitzhugh_nagumo(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return jnp.stack([3 * (y[0] - y[0] ** 3 / 3 + y[1]), -(y[0] - 0.2 - 0.2 * y[1]) / 3])


def henon_heiles(t: Any, y: Any, args: Any) -> Any:
    del t, args
    return jnp.stack([y[2], y[3], -y[0] - 2 * y[0] * y[1], -y[1] - (y[0] ** 2 - y[1] ** 2)])


def selkov(t: Any, y: Any, args: Any) -> Any:
    del t, args
    made = 0.08 * y[1] + y[0] ** 2 * y[1]
    return jnp.stack([made - y[0], 0.6 - made])


def robertson(t: Any, y: Any, args: Any) -> Any:
    del t, args
    slow, fast = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return jnp.stack([-slow, slow - fast, fast])


def axon() -> Timed:
    """Return the built-in axon of the squid, over 50 ms."""
    system = hodgkin_huxley()
    params = system.resolve()
    y0 = jax.tree.map(jnp.asarray, system.initial_state(params, 0))
    return Timed(system.vector_field, y0, 50.0, params)


def _vector(*numbers: float) -> Any:
    return jnp.array(numbers, float)


TIMED: dict[str, Callable[[], Timed]] = {
    "logistic": lambda: Timed(logistic, _vector(0.01), 10.0),
    "rigid body": lambda: Timed(rigid_body, _vector(1, 0, 0.9), 20.0),
    "van der Pol mu=1": lambda: Timed(van_der_pol(1.0), _vector(2, 0), 6.3),
    "FitzHugh-Nagumo": lambda: Timed(fitzhugh_nagumo, _vector(-1, 1), 100.0),
    "Henon-Heiles": lambda: Timed(henon_heiles, _vector(0.5, 0, 0, 0.1), 200.0),
    "van der Pol mu=20": lambda: Timed(van_der_pol(20.0), _vector(2, 0), 100.0),
    "Selkov": lambda: Timed(selkov, _vector(1, 1), 200.0),
    "Hodgkin-Huxley": axon,
    "Robertson": lambda: Timed(robertson, _vector(1, 0, 0), 100.0, stiff=True),
}
