"""The lookup by name: what it accepts, what it refuses, and that it is lazy."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError
from parasim.plugins import build_system, get_system, system_names


def test_listing_the_names_imports_no_system_and_no_jax():
    code = (
        "import sys, parasim; assert parasim.system_names(); "
        "assert 'jax' not in sys.modules; "
        "assert not [m for m in sys.modules if m.startswith('parasim.plugins.climate.')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["van-der-pol", "van_der_pol", "Van-der-Pol", " van-der-pol "])
def test_names_are_found_however_they_are_written(name):
    assert get_system(name).name == "van-der-pol"


def test_every_name_builds_the_system_of_that_name():
    for name in system_names():
        assert get_system(name).name == name


def test_unknown_name_is_answered_with_near_ones():
    with pytest.raises(ConfigError, match=r"did you mean .*lorenz63"):
        get_system("lorenz64")


def test_name_of_another_type_is_refused():
    with pytest.raises(ConfigError, match="is a string"):
        get_system(63)  # pyright: ignore[reportArgumentType]


def test_unknown_option_is_answered_with_near_ones():
    with pytest.raises(ConfigError, match="did you mean 'sites'"):
        get_system("lorenz96", site=40)


@pytest.mark.parametrize("value", [36.5, "36", True, None, float("nan")])
def test_option_that_is_no_whole_number_is_refused(value):
    with pytest.raises(ConfigError, match="sites must be a whole number"):
        get_system("lorenz96", sites=value)


def test_impossible_option_is_refused_by_the_system():
    with pytest.raises(ConfigError, match="needs 4 or more"):
        get_system("lorenz96", sites=3)


@pytest.mark.parametrize("sites", [36, 36.0, np.int64(36), jnp.array(36)])
def test_settings_are_split_into_options_and_parameters(sites):
    system, params = build_system("lorenz96", {"sites": sites, "F": 9})
    assert system.options == {"sites": 36}
    assert system.y0["x"].shape == (36,)
    assert params == {"F": 9.0}


def test_settings_that_are_left_out_have_their_defaults():
    system, params = build_system("lorenz63", {})
    assert params == system.resolve()


def test_unknown_setting_is_answered_with_options_and_parameters():
    with pytest.raises(ConfigError, match=r"lorenz96 has no option or parameter 'G'.*F, sites"):
        build_system("lorenz96", {"G": 1.0})


@pytest.mark.parametrize("value", [1e9, -1, 10**400, float("inf")])
def test_parameter_outside_its_range_is_refused(value):
    with pytest.raises(ConfigError, match="outside its range"):
        build_system("lorenz63", {"rho": value})


@pytest.mark.parametrize("value", [28, np.float32(28), np.array(28), jnp.array(28.0)])
def test_a_number_may_be_an_array_without_axes(value):
    _, params = build_system("lorenz63", {"rho": value})
    assert params["rho"] == 28.0
    assert type(params["rho"]) is float


@pytest.mark.parametrize(
    "value", [float("nan"), True, "28", None, np.ones(1), jnp.ones(2), np.True_, 28j]
)
def test_parameter_that_is_no_number_is_refused(value):
    with pytest.raises(ConfigError, match="parameter rho must be a number"):
        build_system("lorenz63", {"rho": value})
