import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from tests.diffrax_conformance.runs import four
from tests.diffrax_conformance.solvers import CASES, T1, each

ORDERS = {
    "Euler": 1,
    "Heun": 2,
    "Midpoint": 2,
    "Ralston": 2,
    "Bosh3": 3,
    "Tsit5": 5,
    "Dopri5": 5,
    "Dopri8": 8,
    "HalfSolver": 1,
    "ImplicitEuler": 1,
    "Kvaerno3": 3,
    "Kvaerno4": 4,
    "Kvaerno5": 5,
    "KenCarp3": 3,
    "KenCarp4": 4,
    "KenCarp5": 5,
    "Sil3": 2,
    "SemiImplicitEuler": 1,
}

# Its stability polynomial has the ninth power's coefficient right to 0.2 %.
_LINEAR = {"Dopri8": 9}


def _terms(name, turn):
    """Return the terms of y' = turn y, in as many parts as the solver wants."""
    if name == "SemiImplicitEuler":
        return (
            diffrax.ODETerm(lambda t, v, args: v),
            diffrax.ODETerm(lambda t, x, args: -x),
        )
    if name.startswith(("KenCarp", "Sil")):
        parts = (lambda t, y, args: 0.3 * turn @ y), (lambda t, y, args: 0.7 * turn @ y)
        return diffrax.MultiTerm(*map(diffrax.ODETerm, parts))
    return diffrax.ODETerm(lambda t, y, args: turn @ y)


def _slope(name, turn, y0):
    """Return how steeply the error falls; all windows in one compiled function."""
    if name == "Dopri8":  # else three windows are too many to see errors of order 8
        turn = 4 * turn
    solver, terms = four(CASES[name].solver), _terms(name, turn)
    exact = expm(4 * np.asarray(turn)) @ np.stack(jax.tree.leaves(y0)).ravel()  # jax's: to 1e-11

    @jax.jit
    def error(dt0):
        ys = diffrax.diffeqsolve(terms, solver, 0.0, 4.0, dt0, y0, max_steps=None).ys
        return jnp.linalg.norm(
            jnp.stack([leaf[-1] for leaf in jax.tree.leaves(ys)]).ravel() - exact
        )

    windows = 2 ** np.arange(11)
    errors = np.array([error(jnp.array(4.0 / n)) for n in windows])
    clean = (errors > 1e-11) & (errors < 0.3)
    assert clean.sum() >= 3
    return -np.polyfit(np.log(windows[clean][-3:]), np.log(errors[clean][-3:]), 1)[0]


@each(ORDERS, fast=("Heun",))
def test_the_order_of_convergence_is_the_inner_solvers(name):
    y0 = (jnp.array(1.0), jnp.array(0.0)) if name == "SemiImplicitEuler" else jnp.array([1.0, 0.0])
    turn = jnp.array([[0.0, 1.0], [-1.0, 0.0]])
    assert CASES[name].solver.order(_terms(name, turn)) == ORDERS[name]
    assert _slope(name, turn, y0) == pytest.approx(_LINEAR.get(name, ORDERS[name]), abs=0.35)


def test_every_method_for_ordinary_equations_has_its_order_measured():
    ordinary = {name for name in CASES if "noise" not in name}
    assert ordinary - {"ALIGN", "ShOULD", "QUICSORT"} == set(ORDERS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Complex dtype")
@pytest.mark.parametrize("name", ["Heun", "Tsit5", "Dopri8", "HalfSolver"])
def test_complex_states_converge_at_the_same_order(name):
    turn = jnp.array([[1j, 0.5], [0.0, -0.5j]])
    y0 = jnp.array([1.0 + 0j, 1.0])
    assert _slope(name, turn, y0) == pytest.approx(_LINEAR.get(name, ORDERS[name]), abs=0.35)


@pytest.mark.slow
@pytest.mark.parametrize(("inner", "order"), [(diffrax.Euler(), 0.5), (diffrax.Heun(), 1.0)])
def test_the_strong_order_is_the_inner_solvers(inner, order):
    """Geometric Brownian motion, which is known path by path: dy = a y dt + b y dw."""
    drift, spread = 0.5, 1.0
    keys = jax.random.split(jax.random.key(7), 400)
    ito = isinstance(inner, diffrax.AbstractItoSolver)

    @jax.jit
    @jax.vmap
    def error(key, dt0):
        path = diffrax.VirtualBrownianTree(0.0, T1, 2**-12, (), key)
        terms = diffrax.MultiTerm(
            diffrax.ODETerm(lambda t, y, args: drift * y),
            diffrax.ControlTerm(lambda t, y, args: spread * y, path),
        )
        y = diffrax.diffeqsolve(
            terms, four(inner), 0.0, T1, dt0, jnp.array(1.0), max_steps=None
        ).ys[-1]
        rate = drift - spread**2 / 2 if ito else drift
        return (y - jnp.exp(rate * T1 + spread * path.evaluate(0.0, T1))) ** 2

    windows = np.array([4, 16, 64])
    errors = [np.sqrt(np.mean(error(keys, jnp.full(400, T1 / n)))) for n in windows]
    slope = -np.polyfit(np.log(windows), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.15)
