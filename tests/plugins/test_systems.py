"""What holds for every built-in system, and the exact identities of each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from parasim.plugins import get_system, system_names
from parasim.testing import SystemTests


def evaluate(system, y, **params):
    return system.rule(0.0, y, system.resolve(params))


def state_of(system, dtype=np.float64):
    return {name: jnp.asarray(leaf, dtype) for name, leaf in system.y0.items()}


def jacobian(system, y, **params):
    flat, unravel = ravel_pytree(y)

    def field(z):
        return ravel_pytree(evaluate(system, unravel(z), **params))[0]

    return jax.jit(jax.jacfwd(field))(flat)


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


class TestEverySystem(SystemTests):
    @pytest.fixture(params=system_names())
    def system(self, request):
        return get_system(request.param)

    @pytest.mark.slow
    def test_it_is_pure_and_the_same_under_jit_and_vmap(self, system):
        super().test_it_is_pure_and_the_same_under_jit_and_vmap(system)

    @pytest.mark.parametrize(
        "dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)]
    )
    def test_the_jacobian_is_finite_and_the_same_forwards_and_backwards(self, system, dtype):
        super().test_the_jacobian_is_finite_and_the_same_forwards_and_backwards(system, dtype)


@pytest.mark.parametrize("name", system_names())
def test_a_system_has_the_name_that_it_is_found_by(name):
    assert get_system(name).name == name


def test_lorenz63_has_constant_divergence():
    system = get_system("lorenz63")
    y = {"x": jnp.asarray(3.1), "y": jnp.asarray(-4.7), "z": jnp.asarray(26.0)}
    np.testing.assert_allclose(jnp.trace(jacobian(system, y)), -(10 + 1 + 8 / 3), rtol=1e-14)


def test_lorenz63_rests_in_the_middle_of_its_wings():
    rho, beta = 28.0, 8 / 3
    wing = np.sqrt(beta * (rho - 1))
    dy = evaluate(get_system("lorenz63"), {"x": wing, "y": wing, "z": rho - 1})
    np.testing.assert_allclose(list(dy.values()), 0, atol=1e-13)


@pytest.mark.parametrize("sites", [4, 5, 40])
def test_lorenz96_divergence_is_minus_the_number_of_sites(sites):
    system = get_system("lorenz96", sites=sites)
    y = {"x": jnp.asarray(np.random.default_rng(1).normal(2, 4, sites))}
    np.testing.assert_allclose(jnp.trace(jacobian(system, y)), -sites, rtol=1e-13)


def test_lorenz96_is_the_equation_site_by_site():
    system = get_system("lorenz96", sites=7)
    x = np.random.default_rng(2).normal(2, 4, 7)
    expected = [(x[(i + 1) % 7] - x[i - 2]) * x[i - 1] - x[i] + 8.0 for i in range(7)]
    np.testing.assert_allclose(evaluate(system, {"x": jnp.asarray(x)})["x"], expected, rtol=1e-13)


def test_lorenz96_seed_draws_the_initial_state():
    system = get_system("lorenz96")
    first, again, other = (system.initial_state({"F": 8.0}, seed)["x"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0
    assert np.abs(first - 8.0).max() < 0.1


@pytest.mark.parametrize("a", [0.25, 1.0, 3.0])
def test_stuart_landau_runs_on_a_circle_with_exact_exponents(a):
    system = get_system("stuart-landau")
    phase = 0.7
    radius = np.sqrt(a)
    y = {"x": jnp.asarray(radius * np.cos(phase)), "y": jnp.asarray(radius * np.sin(phase))}
    dy = evaluate(system, y, a=a, omega=2.0)
    np.testing.assert_allclose(dy["x"], -2.0 * y["y"], rtol=1e-14)
    np.testing.assert_allclose(dy["y"], 2.0 * y["x"], rtol=1e-14)
    # The divergence on the circle is the sum of the exponents, 0 and -2a.
    np.testing.assert_allclose(jnp.trace(jacobian(system, y, a=a)), -2 * a, rtol=1e-14)


@pytest.mark.parametrize("current", [0.331281337, 1.418718663])
def test_fitzhugh_nagumo_has_its_hopf_points_where_theory_says(current):
    system = get_system("fitzhugh-nagumo")
    # At rest w = (v + a) / b; the trace of the Jacobian, 1 - v^2 - epsilon b, vanishes at Hopf.
    v = -np.sqrt(1 - 0.08 * 0.8) if current < 1 else np.sqrt(1 - 0.08 * 0.8)
    y = {"v": jnp.asarray(v), "w": jnp.asarray((v + 0.7) / 0.8)}
    np.testing.assert_allclose(list(evaluate(system, y, I=current).values()), 0, atol=1e-9)
    matrix = jacobian(system, y, I=current)
    np.testing.assert_allclose(jnp.trace(matrix), 0, atol=1e-15)
    assert jnp.linalg.det(matrix) > 0


def test_van_der_pol_without_damping_is_the_harmonic_oscillator():
    y = {"x": jnp.asarray(1.3), "v": jnp.asarray(-0.4)}
    dy = evaluate(get_system("van-der-pol"), y, mu=0.0)
    assert (float(dy["x"]), float(dy["v"])) == (-0.4, -1.3)
    assert float(evaluate(get_system("van-der-pol"), y, mu=2.0)["v"]) == pytest.approx(
        2.0 * (1 - 1.3**2) * -0.4 - 1.3
    )


def test_energy_balance_rests_at_forcing_over_feedback_and_at_zero_for_reference_co2():
    system = get_system("energy-balance")
    warming = 5.35 * np.log(2) / 1.13
    y = {"surface_temperature": jnp.asarray(warming), "deep_temperature": jnp.asarray(warming)}
    dy = evaluate(system, y, co2=556.0)
    np.testing.assert_allclose(list(dy.values()), 0, atol=1e-15)
    assert all(float(v) == 0.0 for v in evaluate(system, state_of(system)).values())


def test_energy_balance_takes_up_heat_as_the_net_radiation_at_the_top():
    system = get_system("energy-balance")
    y = {"surface_temperature": jnp.asarray(0.8), "deep_temperature": jnp.asarray(0.2)}
    dy = evaluate(system, y, co2=400.0)
    uptake = 7.3 * dy["surface_temperature"] + 106.0 * dy["deep_temperature"]
    np.testing.assert_allclose(uptake, 5.35 * np.log(400 / 278) - 1.13 * 0.8, rtol=1e-14)
