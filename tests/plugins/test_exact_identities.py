"""What is exact about each built-in system: conserved quantities, divergences, special cases."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from parasim import ConfigError
from parasim.plugins import get_system

RANDOM = np.random.default_rng(3)


def rate(name, state, params=None, **options):
    """Evaluate the vector field, or the step, as numpy arrays."""
    system = get_system(name, **options)
    y = {key: jnp.asarray(value) for key, value in state.items()}
    found = jax.jit(lambda y: system.rule(0.0, y, system.resolve(params or {})))(y)
    return {key: np.asarray(value) for key, value in found.items()}


def jacobian(name, state, params=None, **options):
    system = get_system(name, **options)
    flat, unravel = ravel_pytree({key: jnp.asarray(value) for key, value in state.items()})

    def field(z):
        return ravel_pytree(system.rule(0.0, unravel(z), system.resolve(params or {})))[0]

    return np.asarray(jax.jit(jax.jacfwd(field))(flat))


def test_lorenz84_has_its_divergence():
    state = {"x": 1.3, "y": -0.4, "z": 0.9}
    assert np.trace(jacobian("lorenz84", state)) == pytest.approx(2 * 1.3 - 2.25)


def test_the_advection_and_the_coupling_of_two_scales_conserve_energy():
    state = {"slow": RANDOM.normal(0, 3, 5), "fast": RANDOM.normal(0, 1, 15)}
    dy = rate("lorenz96-two-scale", state, {"F": 0.0}, sites=5, fast=3)
    work = state["slow"] @ dy["slow"] + state["fast"] @ dy["fast"]
    damping = state["slow"] @ state["slow"] + 10 * state["fast"] @ state["fast"]
    assert work == pytest.approx(-damping)
    matrix = jacobian("lorenz96-two-scale", state, sites=5, fast=3)
    assert np.trace(matrix) == pytest.approx(-(5 + 10 * 15))


def test_two_scales_are_the_equation_site_by_site():
    X, Y = RANDOM.normal(0, 3, 4), RANDOM.normal(0, 1, 8)
    dy = rate("lorenz96-two-scale", {"slow": X, "fast": Y}, {"h": 0.7}, sites=4, fast=2)
    for k in range(4):
        expected = (
            (X[(k + 1) % 4] - X[k - 2]) * X[k - 1] - X[k] + 10 - 0.7 * Y[2 * k : 2 * k + 2].sum()
        )
        assert dy["slow"][k] == pytest.approx(expected)
    for j in range(8):
        advection = 100 * Y[(j + 1) % 8] * (Y[j - 1] - Y[(j + 2) % 8])
        assert dy["fast"][j] == pytest.approx(advection - 10 * Y[j] + 0.7 * X[j // 2])


def test_transport_between_bands_makes_no_heat_and_a_uniform_earth_has_none():
    temperature = RANDOM.normal(0, 20, 12)
    dy = {
        D: rate("budyko-sellers", {"temperature": temperature}, {"D": D}, bands=12)["temperature"]
        for D in (0.0, 0.55)
    }
    assert dy[0.55].sum() == pytest.approx(dy[0.0].sum())
    assert np.abs(dy[0.55] - dy[0.0]).max() > 1
    warm = {"temperature": np.full(12, 40.0)}
    absorbed = 1365 / 4 * (1 - 0.3) * 12  # s(x) has the mean 1, but for the width of the bands
    total = 10 * rate("budyko-sellers", warm, bands=12)["temperature"].sum()
    assert total == pytest.approx(absorbed - 12 * (210 + 2 * 40), rel=1e-2)


def test_waves_of_kuramoto_and_sivashinsky_grow_at_their_rates_and_keep_the_mean():
    place = 22 * np.arange(32) / 32
    for number in (1, 3, 15):
        k = 2 * np.pi * number / 22
        u = 1e-9 * np.sin(k * place)
        dy = rate("kuramoto-sivashinsky", {"u": u})["u"]
        np.testing.assert_allclose(dy, (k**2 - k**4) * u, atol=1e-12 * max(1, k**4) * 1e-2)
    u = RANDOM.normal(0, 1, 32)
    dy = rate("kuramoto-sivashinsky", {"u": u})["u"]
    assert dy.mean() == pytest.approx(0, abs=1e-11)
    assert get_system("kuramoto-sivashinsky").y0["u"].mean() == pytest.approx(0, abs=1e-15)


def test_advection_of_kuramoto_and_sivashinsky_is_minus_u_times_its_slope():
    place = 2 * np.pi * np.arange(32) / 32
    k = 2 * np.pi / 22
    u, slope = np.sin(place), k * np.cos(place)
    dy = rate("kuramoto-sivashinsky", {"u": u})["u"]
    np.testing.assert_allclose(dy, -u * slope + (k**2 - k**4) * u, atol=1e-11)


UNFORCED = {"drag": 0.0, "viscosity": 0.0, "forcing": 0.0, "beta": 1.5}


def test_unforced_vorticity_conserves_energy_and_enstrophy():
    system = get_system("barotropic", points=24)
    zeta = system.initial_state({}, 5)["vorticity"]
    zeta = zeta + 0.3 * zeta**2 - np.mean(0.3 * zeta**2)
    waves = np.fft.rfft2(zeta)
    y, x = np.fft.fftfreq(24, 1 / 24)[:, None], np.fft.rfftfreq(24, 1 / 24)[None]
    waves[(np.abs(x) >= 8) | (np.abs(y) >= 8)] = 0  # those beyond are never made
    zeta = np.fft.irfft2(waves, (24, 24))
    square = x**2 + y**2
    psi = np.fft.irfft2(-waves / np.where(square == 0, 1, square), (24, 24))
    change = rate("barotropic", {"vorticity": zeta}, UNFORCED, points=24)["vorticity"]
    size = np.abs(change).max() * np.abs(zeta).max()
    assert size > 1
    assert np.mean(zeta * change) == pytest.approx(0, abs=1e-13 * size)
    assert np.mean(psi * change) == pytest.approx(0, abs=1e-13 * size)


def test_planetary_waves_travel_westward_at_their_speed():
    """One wave does not advect itself: d zeta/dt = -beta v, with v = d psi/dx."""
    place = 2 * np.pi * np.arange(16) / 16
    x, y = place[None], place[:, None]
    zeta = np.cos(2 * x + 3 * y)
    change = rate("barotropic", {"vorticity": zeta}, UNFORCED, points=16)["vorticity"]
    np.testing.assert_allclose(change, -1.5 * 2 / 13 * np.sin(2 * x + 3 * y), atol=1e-13)


def test_the_first_vorticity_has_a_mean_square_velocity_of_1():
    zeta = get_system("barotropic").y0["vorticity"]
    waves = np.fft.rfft2(zeta)
    y, x = np.fft.fftfreq(32, 1 / 32)[:, None], np.fft.rfftfreq(32, 1 / 32)[None]
    psi = np.fft.irfft2(-waves / np.where(x**2 + y**2 == 0, 1, x**2 + y**2), (32, 32))
    assert -np.mean(psi * zeta) == pytest.approx(1)


def test_vallis_is_lorenz_in_other_variables():
    """At p = 0: x' = x / C, ... give sigma = C, rho = B / C, beta = 1 (Vallis, 1988)."""
    state = {"x": 3.0, "y": 0.4, "z": 0.2}
    assert np.trace(jacobian("vallis", state)) == pytest.approx(-5)
    dy = rate("vallis", state)
    lorenz = {"x": 3.0, "y": 102 / 3 * 0.4, "z": 102 / 3 * (1 - 0.2)}
    other = rate("lorenz63", lorenz, {"sigma": 3.0, "rho": 34.0, "beta": 1.0})
    assert other["x"] == pytest.approx(dy["x"])
    assert other["y"] == pytest.approx(34 * dy["y"])
    assert other["z"] == pytest.approx(-34 * dy["z"])


def test_synchronous_oscillators_stay_so_and_coupling_does_not_move_the_mean():
    theta = RANDOM.uniform(-3, 3, 9)
    free = rate("kuramoto", {"theta": theta}, {"K": 0.0}, oscillators=9)["theta"]
    pulled = rate("kuramoto", {"theta": theta}, {"K": 2.0}, oscillators=9)["theta"]
    assert pulled.sum() == pytest.approx(free.sum(), abs=1e-12)
    by_pairs = 2.0 / 9 * np.sin(theta[None] - theta[:, None]).sum(axis=1)
    np.testing.assert_allclose(pulled - free, by_pairs, rtol=1e-12)
    assert np.median(free) == pytest.approx(0, abs=1e-15)


def test_equal_regions_do_not_feel_each_other():
    ones = np.full(6, 0.3)
    alone = rate("hopf-network", {"x": ones, "y": 0 * ones}, {"G": 0.0}, regions=6)
    together = rate("hopf-network", {"x": ones, "y": 0 * ones}, {"G": 0.5}, regions=6)
    for name in ("x", "y"):
        np.testing.assert_allclose(together[name], alone[name], atol=1e-15)
    np.testing.assert_allclose(alone["x"], (0.1 - 0.09) * 0.3, rtol=1e-12)


def test_columns_hear_the_mean_of_the_others():
    system = get_system("jansen-rit", columns=3)
    state = {key: np.array(value) for key, value in system.y0.items()}
    free = rate("jansen-rit", state, columns=3)
    coupled = rate("jansen-rit", state, {"K": 10.0}, columns=3)
    rates = 5 / (1 + np.exp(0.56 * (6 - (state["y1"] - state["y2"]))))
    others = (rates.sum() - rates) / 2
    np.testing.assert_allclose(coupled["y4"] - free["y4"], 325 * 10 * others, rtol=1e-9)
    assert all(np.array_equal(coupled[key], free[key]) for key in state if key != "y4")


@pytest.mark.parametrize("name", ["henon", "lozi"])
def test_maps_of_the_plane_contract_areas_by_b(name):
    b = {"henon": 0.3, "lozi": 0.5}[name]
    for x in (0.4, -1.1):
        matrix = jacobian(name, {"x": x, "y": 0.2})
        assert abs(np.linalg.det(matrix)) == pytest.approx(b)


def test_the_tent_is_steep_on_both_sides_and_maps_the_interval_onto_itself():
    assert [float(rate("skew-tent", {"x": x})["x"]) for x in (0.0, 0.2, 0.4, 0.7, 1.0)] == (
        pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0])
    )


def test_an_almost_linear_network_is_linear_where_no_sign_changes():
    z, step = RANDOM.normal(0, 1, 6), {"units": 6, "rectified": 2}
    one, two, three = (rate("al-rnn", {"z": s * z}, **step)["z"] for s in (1.0, 2.0, 3.0))
    np.testing.assert_allclose(three - two, two - one, rtol=1e-10)
    zero = rate("al-rnn", {"z": 0 * z}, **step)["z"]
    other = rate("al-rnn", {"z": -z}, **step)["z"]
    assert np.abs((other - zero) + (one - zero)).max() > 1e-3  # the rectified ones


def test_a_clipped_network_is_bounded():
    states = ({"z": np.full(10, size)} for size in (1e6, 2e6))
    far, further = (rate("shallow-plrnn", state, {"memory": 0.0})["z"] for state in states)
    np.testing.assert_allclose(far, further, rtol=1e-6)
    assert np.abs(far).max() < 50


@pytest.mark.parametrize("name", ["tanh-rnn", "gru", "lstm", "al-rnn", "shallow-plrnn"])
def test_the_seed_of_the_weights_draws_them(name):
    first, again, other = (get_system(name, units=4, weights=w) for w in (1, 1, 2))
    y = {key: jnp.asarray(value) for key, value in first.y0.items()}
    same = first.rule(0.0, y, first.resolve()), again.rule(0.0, y, again.resolve())
    for key in y:
        np.testing.assert_array_equal(same[0][key], same[1][key])
        assert np.abs(same[0][key] - other.rule(0.0, y, other.resolve())[key]).max() > 0


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("lorenz96-two-scale", {"sites": 3}),
        ("budyko-sellers", {"bands": 2}),
        ("kuramoto-sivashinsky", {"points": 7}),
        ("barotropic", {"points": 17}),
        ("jansen-rit", {"columns": 0}),
        ("kuramoto", {"oscillators": 1}),
        ("hopf-network", {"regions": 2}),
        ("tanh-rnn", {"units": 0}),
        ("al-rnn", {"rectified": 21}),
        ("shallow-plrnn", {"hidden": 0}),
        ("gru", {"weights": -1}),
    ],
)
def test_impossible_options_are_refused(name, option):
    with pytest.raises(ConfigError, match=rf"{name}.*{next(iter(option))}"):
        get_system(name, **option)
