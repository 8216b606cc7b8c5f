import jax.numpy as jnp
import pytest

from parasim import ConfigError, DeviceCosts
from parasim.integrators.decision import _device_interval
from parasim.integrators.decision._costs import device_costs
from parasim.integrators.decision._costs_cache import costs_key, save_costs
from parasim.integrators.methods import Diagonal, Method, device_interval


def _on(monkeypatch, costs):
    monkeypatch.setattr(_device_interval, "usual_costs", costs)


def test_an_accelerator_takes_longer_intervals_than_a_cpu(monkeypatch):
    found = []
    for platform in ("cpu", "gpu"):

        def expected(steps, size, dtype, method, platform=platform):
            return device_costs(platform, size, method.interval, size)

        _on(monkeypatch, expected)
        found.append(device_interval(3, steps=4096))
    assert found[0] < found[1]


def test_where_the_coarse_pass_is_everything_it_is_the_longest(monkeypatch):
    _on(monkeypatch, lambda *about: DeviceCosts(step=1.0, iteration=0.0, level=0.0, work=0.0))
    assert device_interval(3) == 32


def test_where_iterations_are_everything_they_are_fewest(monkeypatch):
    _on(monkeypatch, lambda *about: DeviceCosts(step=1.0, iteration=1e6, level=0.0, work=0.0))
    assert device_interval(3) == 4


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_what_was_measured_with_an_interval_counts(tmp_path, monkeypatch, dtype):
    monkeypatch.setenv("PARASIM_CACHE_DIR", str(tmp_path))
    assert device_interval(3, dtype=dtype) != 32
    costs = DeviceCosts(step=1e-6, iteration=1e-6, level=0.0, work=0.0)
    save_costs(costs_key("diffrax", 3, dtype, 32), costs)
    assert device_interval(3, dtype=dtype) == 32
    assert device_interval(3, dtype=dtype, structure=Diagonal()) != 32


def test_a_method_takes_it():
    assert Method(interval=device_interval(40)).interval in (4, 8, 16, 32)


@pytest.mark.parametrize("given", [{"size": 0}, {"size": 3, "steps": 0}])
def test_numbers_of_nothing_are_refused(given):
    with pytest.raises(ConfigError, match="positive"):
        device_interval(**given)
