"""What is solved: vector fields with their first states, and steps written by hand."""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp

VectorField = Callable[[Any, Any, Any], Any]


class Problem(NamedTuple):
    """An initial value problem with a step.

    Attributes:
        name: of it.
        vector_field: `(t, y, args) -> dy/dt`.
        y0: the first state, a pytree.
        args: of the vector field.
        dt: the step.
    """

    name: str
    vector_field: VectorField
    y0: Any
    args: Any
    dt: float


def lorenz63(rho: float) -> Problem:
    def field(t: Any, y: Any, args: Any) -> Any:
        del t, args
        x, y, z = y
        return jnp.stack([10 * (y - x), x * (rho - z) - y, x * y - 8 / 3 * z])

    return Problem(f"Lorenz-63, rho = {rho:g}", field, jnp.array([1.0, 2.0, 20.0]), None, 1e-3)


def fitzhugh_nagumo() -> Problem:
    def field(t: Any, y: Any, args: Any) -> Any:
        del t, args
        v, w = y
        return jnp.stack([v - v**3 / 3 - w + 0.5, (v + 0.7 - 0.8 * w) / 12.5])

    return Problem("FitzHugh-Nagumo", field, jnp.array([-1.0, 1.0]), None, 1e-2)


def lorenz96() -> Problem:
    def field(t: Any, y: Any, args: Any) -> Any:
        del t, args
        return (jnp.roll(y, -1) - jnp.roll(y, 2)) * jnp.roll(y, 1) - y + 8

    return Problem("Lorenz-96", field, 8 + 0.01 * jnp.sin(jnp.arange(40.0)), None, 1e-3)


def built_in_flows() -> Iterator[Problem]:
    """Yield every built-in flow without jumps, installed or not, with its parameters and step."""
    for package in ("basics", "climate", "neuro"):
        found = import_module(f"parasim.plugins.{package}")
        for module in pkgutil.iter_modules(found.__path__):
            if module.name.startswith("_"):
                continue
            make = getattr(import_module(f"{found.__name__}.{module.name}"), module.name)
            system = make()
            if system.is_recurrence or system.resets:
                continue
            params = system.resolve()
            y0 = jax.tree.map(jnp.asarray, system.initial_state(params, 0))
            yield Problem(system.name, system.vector_field, y0, params, system.dt)


def by_hand(problem: Problem, solver: Any, steps: int) -> Callable[[Any], Any]:
    """Return what one would write by hand: a scan whose body has the stages written out.

    Arguments:
        problem: what is solved.
        solver: an explicit Runge-Kutta method of diffrax.
        steps: how many of the problem's steps.
    """
    weights, rows, times = [1.0], [], [0.0]
    if not isinstance(solver, diffrax.Euler):
        tableau = solver.tableau
        weights = [float(b) for b in tableau.b_sol]
        rows = [[float(a) for a in row] for row in tableau.a_lower]
        times = [0.0, *(float(c) for c in tableau.c)]
    # A last stage without a weight serves the error estimate only.
    while weights[-1] == 0:
        weights.pop()

    def along(y: Any, coefficients: Any, slopes: Any) -> Any:
        used = [(a, k) for a, k in zip(coefficients, slopes, strict=False) if a]
        return jax.tree.map(
            lambda leaf, *ks: leaf + problem.dt * sum(a * k for (a, _), k in zip(used, ks)),  # noqa: B905
            y,
            *(k for _, k in used),
        )

    def step(y: Any, t: Any) -> Any:
        slopes = []
        for stage in range(len(weights)):
            here = along(y, rows[stage - 1], slopes) if stage else y
            time = t + times[stage] * problem.dt
            slopes.append(problem.vector_field(time, here, problem.args))
        return along(y, weights, slopes), None

    def run(y0: Any) -> Any:
        return jax.lax.scan(step, y0, problem.dt * jnp.arange(steps))[0]

    return run


def by_diffrax(problem: Problem, solver: Any, steps: int, window: int = 1) -> Callable[..., Any]:
    """Return `diffeqsolve` with steps, or windows of so many steps, of one size; the last state.

    What is returned takes the first state, and the end if it is earlier than that of all steps.
    """

    def run(y0: Any, t1: Any = steps * problem.dt) -> Any:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(problem.vector_field),
            solver,
            0.0,
            t1,
            window * problem.dt,
            y0,
            args=problem.args,
            stepsize_controller=diffrax.ConstantStepSize(),
            max_steps=steps // window + 2,
            throw=False,
        )
        return jax.tree.map(lambda leaf: leaf[-1], solution.ys)

    return run


def difference(result: Any, reference: Any) -> float:
    """Return the largest difference, relative to the largest number."""
    leaves = zip(jax.tree.leaves(result), jax.tree.leaves(reference), strict=True)
    pairs = [(jnp.max(jnp.abs(a - b)), jnp.max(jnp.abs(b))) for a, b in leaves]
    return float(max(d for d, _ in pairs) / max(s for _, s in pairs))
