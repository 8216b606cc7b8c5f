"""A window divided over time, and members over devices, on eight simulated ones: by themselves."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import Method, methods, newton_scan

PROGRAM = Path(__file__).with_name("on_eight_devices.py")


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["window", "uneven_window", "gradient", "flow", "structure", "members"]
)
def test_on_eight_devices(case):
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
    environment = os.environ | {"XLA_FLAGS": flags}
    done = subprocess.run(
        [sys.executable, PROGRAM, case], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_mesh_may_have_explicit_axes_as_those_of_make_mesh_are():
    def step(y, x):
        y = 0.5 * jnp.tanh(y) + x
        return y, y

    start, inputs = jnp.ones(2), jnp.linspace(0, 1, 40)
    method = Method(mesh=jax.make_mesh((1,), ("time",)))
    found = newton_scan(step, start, inputs, mode="parallel", method=method)[1]
    np.testing.assert_allclose(found, jax.lax.scan(step, start, inputs)[1], atol=1e-9)


def test_what_is_no_mesh_of_one_axis_is_refused():
    with pytest.raises(parasim.ConfigError, match=r"must be a jax\.sharding\.Mesh of one axis"):
        Method(mesh=jax.make_mesh((1, 1), ("time", "space")))


def test_a_mesh_has_its_own_linear_solver():
    with pytest.raises(parasim.ConfigError, match=r"leave out linear_solver=Sequential\(\)"):
        Method(mesh=jax.make_mesh((1,), ("time",)), linear_solver=methods.Sequential())
