import jax.numpy as jnp
import pytest

from parasim import ConfigError, DeviceCosts
from parasim.integrators._costs import WindowShape, device_costs

SHAPE = WindowShape(steps=1024, interval=8, size=3, duration=jnp.array(10.0))


@pytest.mark.parametrize("size", [1, 3, 40])
def test_on_a_cpu_not_even_one_iteration_is_affordable(size):
    assert device_costs("cpu", size, 8).affordable_iterations(SHAPE._replace(size=size)) < 1


def test_on_an_accelerator_depth_is_what_counts():
    """896 steps saved; an iteration is as deep as 8 steps and twice the log of 128 intervals."""
    affordable = device_costs("gpu", 3, 8).affordable_iterations(SHAPE)
    assert affordable == pytest.approx(896 / 22, rel=1e-2)


def test_work_limits_large_states():
    affordable = device_costs("gpu", 10_000, 8).affordable_iterations(SHAPE)
    assert affordable == pytest.approx(896 / (22 + 1024 * 10_001 / 1e5))


def test_times_are_a_window_s_in_one_unit():
    costs = DeviceCosts(step=2.0, iteration=5.0, level=3.0, work=0.25)
    assert costs.sequential(SHAPE) == 2048
    assert costs.guess(SHAPE) == 256
    assert costs.one_iteration(SHAPE) == 5 + 3 * 7 + 256


@pytest.mark.parametrize("times", [{"step": 0.0}, {"work": -1.0}, {"level": float("nan")}])
def test_times_of_no_device_are_refused(times):
    with pytest.raises(ConfigError, match="positive time"):
        DeviceCosts(**{"step": 1.0, "iteration": 1.0, "level": 1.0, "work": 1.0} | times)
