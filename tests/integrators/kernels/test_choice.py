import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim.integrators.kernels import _choice
from parasim.integrators.kernels._choice import fused_scan, kernels_in_use
from tests.cuda import program_for_cuda

START, INPUTS = jnp.array([1.0, 2.0]), jnp.arange(4.0)


def body(y, x):
    y = 0.5 * y[::-1] + x
    return y, y


def loop(body=body):
    """A new function every time: jax remembers what it has traced."""
    return lambda start, inputs: fused_scan(body, start, inputs)


@pytest.fixture
def gpu(monkeypatch):
    """As if jax computed on a GPU, on which a kernel has been right."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(_choice, "_proven", lambda: True)
    monkeypatch.delenv(_choice.VARIABLE, raising=False)


def test_there_are_no_kernels_on_a_cpu():
    assert not kernels_in_use()


def test_on_a_gpu_a_loop_is_one_kernel_and_on_the_cpu_beside_it_a_scan(gpu):
    program = program_for_cuda(loop(), START, INPUTS)
    assert "triton" in program
    assert "stablehlo.while" not in program
    # Compiled for this machine's CPU, which a kernel cannot be.
    expected = jax.lax.scan(body, START, INPUTS)
    for one, other in zip(jax.jit(loop())(START, INPUTS), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_kernels_can_be_switched_off(gpu, monkeypatch):
    monkeypatch.setenv(_choice.VARIABLE, "never")
    assert "triton" not in program_for_cuda(loop(), START, INPUTS)


def test_kernels_can_be_emulated(monkeypatch):
    monkeypatch.setenv(_choice.VARIABLE, "interpret")
    assert "pallas_call" in str(jax.make_jaxpr(loop())(START, INPUTS))
    expected = jax.lax.scan(body, START, INPUTS)
    for one, other in zip(jax.jit(loop())(START, INPUTS), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-15)


def test_what_has_no_kernel_is_a_scan(gpu):
    def sorted_step(y, x):
        return jnp.sort(y) + x, None

    assert "triton" not in program_for_cuda(loop(sorted_step), START, INPUTS)


def test_a_gpu_on_which_kernels_do_not_work_is_told_of_and_goes_on_without(monkeypatch):
    """This CPU is such a one."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    _choice._proven.cache_clear()
    with pytest.warns(UserWarning, match="does not work on this GPU"):
        assert not kernels_in_use()
    _choice._proven.cache_clear()


def test_another_word_is_refused(monkeypatch):
    monkeypatch.setenv(_choice.VARIABLE, "nevr")
    with pytest.raises(parasim.ConfigError, match="PARASIM_KERNELS cannot be 'nevr'"):
        kernels_in_use()


def test_derivatives_do_not_flow_through(gpu):
    def last(parameter, start):
        scanned = fused_scan(lambda y, x: (parameter * y + x, None), start * parameter, INPUTS)
        return jnp.sum(scanned[0]) + parameter

    assert jax.grad(last)(3.0, START) == 1
