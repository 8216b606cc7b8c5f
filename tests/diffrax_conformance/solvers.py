"""Every solver that diffrax ships, with a problem of the right kind."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import lineax
import optimistix
import pytest

T1, STEPS = 1.0, 16  # the steps are powers of two, so all times are exact


class Case(NamedTuple):
    """An inner solver, and the initial value problem that it is tried on.

    `terms` are called with `args` of the vector fields given separately, a number that all of
    them depend on.
    """

    solver: Any
    terms: Any
    y0: Any


def _pendulum(t, y, args):
    return jnp.stack([y[1], -args * jnp.sin(y[0]) - 0.3 * y[1] + jnp.cos(t)])


def _fast_decay(t, y, args):
    return -args * (y + y**3)


def _slow_drive(t, y, args):
    return jnp.stack([jnp.sin(y[1] + t), args - y[0] ** 2])


def _diagonal_noise(t, y, args):
    return jnp.diag(0.2 * args * jnp.cos(y))


def _mixing_noise(t, y, args):
    return 0.2 * jnp.stack([jnp.stack([jnp.sin(y[1]), args * y[0]]), jnp.cos(y)])


def _additive_noise(t, y, args):
    return 0.2 * args * jnp.array([[1.0, 0.5], [0.0, 2.0]])


Y0 = jnp.array([1.0, -0.5])
SYMPLECTIC = (
    diffrax.ODETerm(lambda t, v, args: args * v),
    diffrax.ODETerm(lambda t, x, args: -jnp.sin(x)),
)
SPLIT = diffrax.MultiTerm(diffrax.ODETerm(_slow_drive), diffrax.ODETerm(_fast_decay))


class SmoothPath(diffrax.AbstractBrownianPath):
    """A path with areas of every kind that is cheap to compile; it has nothing of chance in it."""

    levy_area: Any
    t0: float = 0.0
    t1: float = T1

    def evaluate(self, t0: Any, t1: Any = None, left: bool = True, use_levy: bool = False) -> Any:
        """Return the increment, as a sampled path would."""
        del left
        if t1 is None:
            t0, t1 = jnp.zeros_like(t0), t0
        dt, kinds = t1 - t0, jnp.array([7.0, 11.0])
        w = jnp.sin(kinds * t1) - jnp.sin(kinds * t0)
        if not use_levy:
            return w
        areas = {"H": jnp.sqrt(dt) * jnp.cos(kinds * t1), "K": jnp.sqrt(dt) * jnp.cos(9 * t0 + w)}
        fields = {name: areas[name] for name in areas if name in self.levy_area.__annotations__}
        return self.levy_area(dt=dt, W=w, **fields)


def brownian(levy_area: Any = diffrax.BrownianIncrement) -> Any:
    """Return a sampled path that knows the areas that a solver asks for."""
    key = jax.random.key(3)
    return diffrax.VirtualBrownianTree(0.0, T1, 2**-8, (2,), key, levy_area=levy_area)


def noisy(field: Callable[..., Any], path: Any) -> Any:
    """Return the pendulum with noise."""
    noise = diffrax.ControlTerm(field, path)
    return diffrax.MultiTerm(diffrax.ODETerm(_pendulum), noise)


def langevin(path: Any) -> Any:
    """Return the terms of a particle in a potential of many wells."""
    friction, damping = jnp.array([2.0, 0.5]), jnp.array([0.5, 2.0])
    return diffrax.MultiTerm(
        diffrax.UnderdampedLangevinDriftTerm(friction, damping, lambda x, args: args * jnp.sin(x)),
        diffrax.UnderdampedLangevinDiffusionTerm(friction, damping, path),
    )


def root_finder() -> Any:
    """Return one so exact that what it leaves is rounding."""
    return optimistix.Newton(rtol=1e-12, atol=1e-12, norm=optimistix.max_norm)


def _ordinary(*solvers: Any) -> dict[str, Case]:
    term = diffrax.ODETerm(_pendulum)
    return {type(solver).__name__: Case(solver, term, Y0) for solver in solvers}


def _implicit(kind: Any, terms: Any) -> dict[str, Case]:
    return {kind.__name__: Case(kind(root_finder=root_finder()), terms, Y0)}


def _stochastic(field: Any, levy_area: Any, *solvers: Any) -> dict[str, Case]:
    return {
        f"{type(solver).__name__} with noise": Case(solver, noisy(field, SmoothPath(levy_area)), Y0)
        for solver in solvers
    }


CASES: dict[str, Case] = {
    **_ordinary(diffrax.Euler(), diffrax.Heun(), diffrax.Midpoint(), diffrax.Ralston()),
    **_ordinary(diffrax.Bosh3(), diffrax.Tsit5(), diffrax.Dopri5(), diffrax.Dopri8()),
    **_ordinary(diffrax.HalfSolver(diffrax.Euler())),
    **_implicit(diffrax.ImplicitEuler, diffrax.ODETerm(_pendulum)),
    **_implicit(diffrax.Kvaerno3, diffrax.ODETerm(_pendulum)),
    **_implicit(diffrax.Kvaerno4, diffrax.ODETerm(_pendulum)),
    **_implicit(diffrax.Kvaerno5, diffrax.ODETerm(_pendulum)),
    **_implicit(diffrax.KenCarp3, SPLIT),
    **_implicit(diffrax.KenCarp4, SPLIT),
    **_implicit(diffrax.KenCarp5, SPLIT),
    **_implicit(diffrax.Sil3, SPLIT),
    "SemiImplicitEuler": Case(diffrax.SemiImplicitEuler(), SYMPLECTIC, (Y0, 2 * Y0)),
    **_stochastic(_mixing_noise, diffrax.BrownianIncrement, diffrax.Euler(), diffrax.Heun()),
    **_stochastic(_mixing_noise, diffrax.BrownianIncrement, diffrax.Midpoint(), diffrax.Ralston()),
    **_stochastic(_mixing_noise, diffrax.BrownianIncrement, diffrax.EulerHeun()),
    **_stochastic(_diagonal_noise, diffrax.BrownianIncrement, diffrax.ItoMilstein()),
    **_stochastic(_diagonal_noise, diffrax.BrownianIncrement, diffrax.StratonovichMilstein()),
    **_stochastic(_mixing_noise, diffrax.SpaceTimeLevyArea, diffrax.SPaRK(), diffrax.SlowRK()),
    **_stochastic(_mixing_noise, diffrax.SpaceTimeLevyArea, diffrax.GeneralShARK()),
    **_stochastic(_additive_noise, diffrax.SpaceTimeLevyArea, diffrax.ShARK(), diffrax.SRA1()),
    **_stochastic(_additive_noise, diffrax.SpaceTimeLevyArea, diffrax.SEA()),
    **{
        kind.__name__: Case(
            kind(), langevin(SmoothPath(diffrax.SpaceTimeTimeLevyArea)), (Y0, 2 * Y0)
        )
        for kind in (diffrax.ALIGN, diffrax.ShOULD, diffrax.QUICSORT)
    },
    "Euler with weakly diagonal noise": Case(
        diffrax.Euler(),
        noisy(
            lambda t, y, args: lineax.DiagonalLinearOperator(0.2 * args * y),
            SmoothPath(diffrax.BrownianIncrement),
        ),
        Y0,
    ),
}

# With sampled paths, one for each kind of area: they are dear to compile.
SAMPLED: dict[str, Case] = {
    "Heun": Case(diffrax.Heun(), noisy(_mixing_noise, brownian()), Y0),
    "SPaRK": Case(diffrax.SPaRK(), noisy(_mixing_noise, brownian(diffrax.SpaceTimeLevyArea)), Y0),
    "ShOULD": Case(
        diffrax.ShOULD(), langevin(brownian(diffrax.SpaceTimeTimeLevyArea)), (Y0, 2 * Y0)
    ),
}

REFUSED: dict[str, diffrax.AbstractSolver] = {
    "LeapfrogMidpoint": diffrax.LeapfrogMidpoint(),
    "ReversibleHeun": diffrax.ReversibleHeun(),
}

FAST = ("Tsit5", "Kvaerno3", "SemiImplicitEuler", "Heun with noise")


def each(names: Any, fast: tuple[str, ...] = FAST) -> Any:
    """Parametrise over cases by name; all but the fast ones are slow."""
    marks = [() if name in fast else (pytest.mark.slow,) for name in names]
    parameters = [pytest.param(n, marks=m, id=n) for n, m in zip(names, marks, strict=True)]
    return pytest.mark.parametrize("name", parameters)


def shipped() -> dict[str, type]:
    """Return the solver classes that diffrax exports, by name; its abstract ones say so there."""
    return {
        name: kind
        for name, kind in vars(diffrax).items()
        if inspect.isclass(kind)
        and issubclass(kind, diffrax.AbstractSolver)
        and not name.startswith("Abstract")
    }
