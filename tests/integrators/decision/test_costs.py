import jax.numpy as jnp
import pytest

from parasim import ConfigError, DeviceCosts
from parasim.integrators.decision._costs import WindowMenu, device_costs, piece_sizes


def _menu(costs, sizes=(1024,), interval=8):
    return WindowMenu(1024, sizes, interval, 32, jnp.array(10.0), costs)


@pytest.mark.parametrize("size", [1, 3, 40])
def test_on_a_cpu_not_even_one_iteration_pays(size):
    assert not _menu(device_costs("cpu", size, 8, size), sizes=(1024, 256, 64)).may_pay()


def test_on_an_accelerator_it_may():
    assert _menu(device_costs("gpu", 3, 8, 3).alone(), sizes=(1024, 256, 64)).may_pay()


def test_it_need_not_where_the_host_s_cpu_makes_the_steps():
    costs = device_costs("gpu", 3, 8, 3)
    assert costs.stepping == costs.host_step < costs.step == costs.alone().stepping
    assert not _menu(costs, sizes=(1024, 256, 64)).may_pay()
    assert device_costs("gpu", 1000, 8, 1000).stepping == costs.step


def test_a_piece_takes_its_coarse_pass_and_its_iterations():
    costs = DeviceCosts(step=2.0, iteration=5.0, level=3.0, work=0.25)
    assert _menu(costs).piece(0) == ((256, 5), 5 + 3 * 7 + 256)


@pytest.mark.parametrize(
    ("steps", "interval", "sizes"),
    [
        (1024, 8, (1024, 512, 256, 128)),
        (1000, 8, (1000, 496, 248, 120)),
        (100, 8, (100,)),
        (1, 8, (1,)),
        (4096, 500, (4096, 2000, 1000, 500)),
    ],
)
def test_pieces_are_halves_of_each_other_in_whole_intervals(steps, interval, sizes):
    assert piece_sizes(steps, interval) == sizes


@pytest.mark.parametrize(
    "times", [{"step": 0.0}, {"work": -1.0}, {"level": float("nan")}, {"host_step": 0.0}]
)
def test_times_of_no_device_are_refused(times):
    with pytest.raises(ConfigError, match="positive time"):
        DeviceCosts(**{"step": 1.0, "iteration": 1.0, "level": 1.0, "work": 1.0} | times)
