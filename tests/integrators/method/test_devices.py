from collections import namedtuple

import jax
import pytest

from parasim.integrators.method import _devices
from parasim.integrators.method._devices import device_in_use, host_beside

CPU = jax.devices()[0]


@pytest.mark.parametrize("chosen", [None, CPU, "cpu"])
def test_on_a_cpu_there_is_no_other_beside_it(chosen):
    with jax.default_device(chosen):
        assert device_in_use() == CPU
        assert host_beside() is None


def test_beside_an_accelerator_there_is_the_host_s_unless_jax_must_not_use_it(monkeypatch):
    gpu = namedtuple("Gpu", "platform")("gpu")
    monkeypatch.setattr(_devices, "device_in_use", lambda: gpu)
    assert host_beside() == CPU

    def left_out(backend):
        raise RuntimeError(f"Unknown backend {backend}")

    monkeypatch.setattr(jax, "local_devices", left_out)
    assert host_beside() is None
