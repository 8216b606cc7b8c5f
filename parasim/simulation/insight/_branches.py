"""Fixed points of a flow, and the points along their branches where they change."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.optimize import brentq, root

from parasim._errors import ConfigError
from parasim.plugins import System

_STARTS = 200
_STEP, _SMALLEST_STEP, _MOST_STEPS = 0.01, 1e-6, 20_000  # of a branch, in scaled coordinates
_RESIDUAL = 1e-9
_IMAGINARY = 1e-6


class Flow(NamedTuple):
    """A flow on vectors.

    Attributes:
        names: of the variable that each entry belongs to.
        y0: the initial state.
        slope: `(y, p) -> dy/dt`, where p is a parameter.
        derivatives: `(y, p) ->` the derivatives of that with respect to y and p.
    """

    names: list[str]
    y0: np.ndarray
    slope: Callable[[Any, Any], np.ndarray]
    derivatives: Callable[[Any, Any], tuple[np.ndarray, np.ndarray]]


class Point(NamedTuple):
    """A point on a branch at which something happens.

    Attributes:
        kind: "hopf" or "fold".
        parameter: its value there.
        frequency: of a Hopf point, in cycles per unit of time.
    """

    kind: str
    parameter: float
    frequency: float


def flow_of(system: System, params: Mapping[str, float], parameter: str | None = None) -> Flow:
    """Return a system as a flow on vectors, with one of its parameters free.

    Raises:
        ConfigError: it is a recurrence.
    """
    if system.vector_field is None:
        raise ConfigError(f"{system.name} is a recurrence: it has no flow")
    field = system.vector_field
    state = {name: jnp.asarray(leaf) for name, leaf in system.initial_state(params, 0).items()}
    y0, unravel = ravel_pytree(state)
    names = [name for name in sorted(state) for _ in range(state[name].size)]

    def slope(y: Any, p: Any) -> Any:
        values = params if parameter is None else {**params, parameter: p}
        return ravel_pytree(field(0.0, unravel(y), values))[0]

    both = jax.jit(jax.jacfwd(slope, argnums=(0, 1)))
    fast = jax.jit(slope)

    def derivatives(y: Any, p: Any) -> tuple[np.ndarray, np.ndarray]:
        by_state, by_parameter = both(jnp.asarray(y), jnp.asarray(p))
        return np.asarray(by_state), np.asarray(by_parameter)

    return Flow(
        names,
        np.asarray(y0),
        lambda y, p: np.asarray(fast(jnp.asarray(y), jnp.asarray(p))),
        derivatives,
    )


def fixed_points(flow: Flow, low: Any, high: Any) -> np.ndarray:
    """Return the fixed points in a box, found from 200 random places in it.

    Arguments:
        flow: without a free parameter.
        low, high: the corners, a number or one for each entry of the state.

    Returns:
        Them in rows, in the order of their first entry.
    """
    size = len(flow.y0)
    low, high = (np.broadcast_to(np.asarray(corner, float), size) for corner in (low, high))
    random = np.random.default_rng(0)
    found: list[np.ndarray] = []
    for start in random.uniform(low, high, (_STARTS, size)):
        y = _solved(flow, start)
        if y is None or np.any(y < low) or np.any(y > high):
            continue
        if not any(np.allclose(y, other, rtol=1e-6, atol=1e-6) for other in found):
            found.append(y)
    return np.array(sorted(found, key=tuple)).reshape(-1, size)


def _solved(flow: Flow, start: np.ndarray) -> np.ndarray | None:
    with np.errstate(all="ignore"):
        result = root(
            lambda y: flow.slope(y, 0.0), start, jac=lambda y: flow.derivatives(y, 0.0)[0]
        )
    if not result.success or np.max(np.abs(result.fun)) > _RESIDUAL * (1 + np.max(np.abs(start))):
        return None
    return result.x


def special_points(flow: Flow, start: float, stop: float) -> list[Point]:
    """Follow a branch of fixed points, around its folds, and return where it changes.

    Arguments:
        flow: with the free parameter.
        start, stop: the values of the parameter between which the branch is followed; it begins at
            `start`, at the fixed point nearest to the initial state.

    Returns:
        The points, in the order of their parameter.

    Raises:
        ConfigError: there is no fixed point at `start`.
    """
    branch = _Branch(flow, start, stop)
    found = []
    place, direction = branch.begin()
    for _ in range(_MOST_STEPS):
        step = _STEP
        while (following := branch.corrected(place, direction, step)) is None:
            step /= 2
            if step < _SMALLEST_STEP:
                raise ConfigError(
                    f"the branch of fixed points is lost at {branch.parameter(place)}"
                )
        found += branch.changes(place, direction, step, following)
        direction = branch.tangent(following, direction)
        place = following
        if not min(start, stop) <= branch.parameter(place) <= max(start, stop):
            break
    return sorted(found, key=lambda point: point.parameter)


def _zero(f: Callable[[float], float], end: float) -> float:
    """Return where a function changes its sign between 0 and `end`."""
    return brentq(f, 0.0, end, xtol=1e-12)  # pyright: ignore[reportReturnType]


class _Branch:
    """A branch in scaled coordinates: entries of the state in units of their size."""

    def __init__(self, flow: Flow, start: float, stop: float) -> None:
        fixed = flow._replace(
            slope=lambda y, _: flow.slope(y, start),
            derivatives=lambda y, _: flow.derivatives(y, start),
        )
        random = np.random.default_rng(0)
        spread = np.maximum(np.abs(flow.y0), 1)
        starts = flow.y0 + spread * random.normal(0, 1, (_STARTS, len(flow.y0)))
        starts[0] = flow.y0
        first = next((y for y in (_solved(fixed, one) for one in starts) if y is not None), None)
        if first is None:
            raise ConfigError(f"no fixed point is found at {start}: choose another start")
        self._flow = flow
        self._forwards = np.sign(stop - start)
        self._scale = np.append(np.maximum(np.abs(first), 1), abs(stop - start))
        self._first = np.append(first, start) / self._scale

    def parameter(self, place: np.ndarray) -> float:
        return float(place[-1] * self._scale[-1])

    def begin(self) -> tuple[np.ndarray, np.ndarray]:
        ahead = np.zeros_like(self._first)
        ahead[-1] = self._forwards
        return self._first, self.tangent(self._first, ahead)

    def tangent(self, place: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        """Return the unit vector along the branch."""
        direction = np.linalg.svd(self._matrix(place))[2][-1]
        return direction * np.sign(direction @ ahead)

    def corrected(self, place: np.ndarray, direction: np.ndarray, step: float) -> np.ndarray | None:
        """Return the point of the branch in the plane that is so far ahead; None if not found."""
        ahead = place + step * direction
        guess = ahead
        for _ in range(12):
            y = guess * self._scale
            residual = np.append(self._flow.slope(y[:-1], y[-1]), direction @ (guess - ahead))
            change = np.linalg.solve(np.vstack([self._matrix(guess), direction]), residual)
            guess = guess - change
            if np.max(np.abs(change)) < 1e-12:
                return guess if np.linalg.norm(guess - ahead) < step else None
        return None

    def changes(
        self, place: np.ndarray, direction: np.ndarray, step: float, following: np.ndarray
    ) -> list[Point]:
        """Return what happens between two points."""
        found = []

        def at(distance: float) -> np.ndarray:
            point = self.corrected(place, direction, distance) if distance else place
            return following if point is None else point

        def ahead(distance: float) -> float:
            return float(self.tangent(at(distance), direction)[-1])

        def growth(distance: float) -> float:
            return self._pair(at(distance)).real

        if ahead(0.0) * ahead(step) < 0:
            found.append(("fold", _zero(ahead, step)))
        unstable = [np.sum(np.real(self._eigenvalues(point)) > 0) for point in (place, following)]
        if abs(int(unstable[0]) - int(unstable[1])) == 2 and growth(0.0) * growth(step) < 0:
            found.append(("hopf", _zero(growth, step)))
        return [
            Point(kind, self.parameter(at(s)), abs(self._pair(at(s)).imag) / (2 * np.pi))
            for kind, s in found
        ]

    def _matrix(self, place: np.ndarray) -> np.ndarray:
        y = place * self._scale
        by_state, by_parameter = self._flow.derivatives(y[:-1], y[-1])
        return np.column_stack([by_state, by_parameter]) * self._scale

    def _eigenvalues(self, place: np.ndarray) -> np.ndarray:
        y = place * self._scale
        return np.linalg.eigvals(self._flow.derivatives(y[:-1], y[-1])[0])

    def _pair(self, place: np.ndarray) -> complex:
        """Return the eigenvalue nearest to the imaginary axis of those that are complex."""
        values = self._eigenvalues(place)
        values = values[np.abs(np.imag(values)) > _IMAGINARY * np.max(np.abs(values))]
        if not len(values):
            return complex(np.nan, np.nan)
        return complex(values[np.argmin(np.abs(np.real(values)))])
