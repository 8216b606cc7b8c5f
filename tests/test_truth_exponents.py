"""Published and recomputed Lyapunov exponents and dimensions, in both modes up to ten variables.

The reference values were recomputed independently of parasim, in float64 with Runge-Kutta 4 (the
Kuramoto-Sivashinsky equation with ETDRK4) and QR, with standard errors over blocks. Sprott's page
on the Lorenz attractor has 0.906, 0, -14.572 and the dimension 2.062 as well; Lorenz & Emanuel
(1998) are usually quoted with 13 positive exponents and the dimension 27.1 for 40 sites.

Two estimates agree within three standard errors, theirs and ours in quadrature; a reference without
an error counts as known to a thousandth.
"""

import diffrax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import Exponents, ParallelNewton, lyapunov, lyapunov_scan
from parasim.simulation import system_exponents
from tests import truth_systems as systems

pytestmark = pytest.mark.slow
MODES = pytest.mark.parametrize("mode", ["sequential", "parallel"])


def assert_agrees(result: Exponents, exponents, errors, dimension=None, tightness=0.02):
    """Compare with a reference; our errors are at most `tightness` of the largest exponent."""
    exponents = np.asarray(exponents, float)
    values = np.asarray(result.values)[: len(exponents)]
    ours = np.asarray(result.standard_error)[: len(exponents)]
    theirs = 1e-3 * np.abs(exponents) if errors is None else np.asarray(errors)
    assert np.all(ours <= tightness * np.max(np.abs(exponents)))
    assert np.all(np.abs(values - exponents) <= 3 * np.hypot(ours, theirs)), (values, ours)
    if dimension is not None:
        allowed = 3 * np.hypot(float(result.dimension_error), 1e-3 * dimension)
        assert abs(result.dimension - dimension) <= allowed
        assert result.dimension_error < 0.01 * dimension


def _flow(field, y0, t1, dt, mode, exponents=None, window=128, **options):
    solver = ParallelNewton(steps=window, mode=mode)
    result = lyapunov(
        field, solver, 0, t1, dt, jnp.asarray(y0, float), exponents=exponents, **options
    )
    assert result.parallel == (mode == "parallel")
    return result


@MODES
def test_lorenz63(mode):
    parallel = mode == "parallel"
    result = system_exponents(
        "lorenz63",
        t1=4000 if parallel else 20000,
        dt=0.01,
        solver=ParallelNewton(steps=128, mode=mode),
        exponents=None,
    )
    assert result.parallel == parallel
    assert_agrees(result, [0.9056, 0, -14.5723], 0.0005, 2.0622)
    assert np.sum(result.values) == pytest.approx(-41 / 3, rel=1e-6)


@MODES
def test_roessler(mode):
    t1 = 8000 if mode == "parallel" else 40000
    result = _flow(systems.roessler, [1, 1, 0], t1, 0.05, mode)
    assert_agrees(result, [0.0714, 0, -5.3943], 0.0005, 2.0132)


@MODES
def test_lorenz84(mode):
    t1 = 16000 if mode == "parallel" else 40000
    result = _flow(systems.lorenz84, [1, 0, 0], t1, 0.025, mode)
    assert_agrees(result, [0.1643, 0, -0.386], 0.0011, 2.426, tightness=0.05)


@MODES
def test_vallis(mode):
    t1 = 4000 if mode == "parallel" else 20000
    result = _flow(systems.vallis, [1, 1, 0.5], t1, 0.01, mode)
    assert_agrees(result, [0.553, 0, -5.553], 0.002, 2.0996)
    assert np.sum(result.values) == pytest.approx(-5, rel=1e-6)


@MODES
@pytest.mark.parametrize("a", [0.25, 1.0])
def test_stuart_landau_is_exact(mode, a):
    result = _flow(systems.stuart_landau(a), [0.1, 0.3], 400, 0.02, mode, transient=300)
    np.testing.assert_allclose(result.values, [0, -2 * a], rtol=0, atol=1e-7)
    assert result.dimension == 1


@MODES
@pytest.mark.parametrize(
    ("step", "exponents", "errors", "dimension", "determinant"),
    [
        (systems.lozi, [0.470169, -1.163317], 3e-5, 1.40416, 0.5),
        (systems.henon, [0.41924, -1.62321], None, None, 0.3),
    ],
    ids=["lozi", "henon"],
)
def test_maps_of_the_plane(mode, step, exponents, errors, dimension, determinant):
    result = lyapunov_scan(
        step, jnp.zeros(2), length=10**6, exponents=2, mode=mode, window=16, interval=4
    )
    assert (result.parallel > 0.9) == (mode == "parallel"), result.parallel
    assert_agrees(result, exponents, errors, dimension)
    assert np.sum(result.values) == pytest.approx(np.log(determinant), rel=1e-9)


@MODES
def test_the_skew_tent_is_exact(mode):
    result = lyapunov_scan(systems.skew_tent, 0.3, length=10**6, mode=mode, window=16)
    assert (result.parallel > 0.9) == (mode == "parallel"), result.parallel
    assert_agrees(result, [0.673011667], 0)


def test_lorenz96():
    result = system_exponents("lorenz96", t1=4000, dt=0.05, exponents=None)
    assert_agrees(result, [1.67], 0.008, 27.1)
    assert np.sum(result.values > 3 * result.standard_error) == 13
    assert np.sum(result.values) == pytest.approx(-40, rel=1e-5)
    entropy = float(np.sum(result.values[:13]))
    assert entropy == pytest.approx(10.21, abs=3 * float(np.sum(result.standard_error[:13])))


def test_two_scale_lorenz96():
    noise = np.random.default_rng(0).standard_normal(396)
    y0 = {"slow": jnp.asarray(5 + noise[:36]), "fast": jnp.asarray(0.1 * noise[36:])}
    result = lyapunov(systems.two_scale_lorenz96, diffrax.Tsit5(), 0, 220, 0.0025, y0)
    assert_agrees(result, [9.72], 0.07)


def test_kuramoto_sivashinsky():
    """A conserved mean adds a zero exponent to those of the equation."""
    points, length, dt = 32, 22.0, 0.1
    place = 2 * np.pi * np.arange(points) / points
    result = lyapunov_scan(
        systems.kuramoto_sivashinsky(points, length, dt),
        jnp.asarray(np.cos(place) * (1 + np.sin(place))),
        length=100_000,
        exponents=12,
    )
    rates = np.array([0.0485, 0.0011, 0.0008, -0.001, -0.0041, -0.1901, -0.2585, -0.2927])
    rates = np.append(rates, [-0.3102, -1.9614, -1.967, -5.6049])
    values, errors = result.values / dt, result.standard_error / dt
    allowed = 3 * np.hypot(errors, np.maximum(0.0018, 1e-3 * np.abs(rates)))
    assert np.all(np.abs(values - rates) <= allowed), (values, errors)
    assert errors[0] < 0.003
    assert abs(result.dimension - 5.24) < 3 * np.hypot(float(result.dimension_error), 0.02)
