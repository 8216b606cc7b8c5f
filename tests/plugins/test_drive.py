"""Vector fields whose parameters follow data."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.io._interpolant import interpolant
from parasim.plugins import get_system
from parasim.plugins._drive import drive


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def ramp(slope, dtype=np.float64):
    times = np.linspace(0.0, 10.0, 41)
    return interpolant(times, slope * times, dtype, cubic=False)


def decay(t, y, args):
    """A field with an exact solution for a ramp."""
    del t
    return {"x": args["u"] - y["x"]}


def test_driven_parameter_replaces_the_fixed_one_and_leaves_the_others():
    system = get_system("lorenz63")
    y = {name: jnp.asarray(value) for name, value in system.y0.items()}
    field = drive(system.vector_field, {"rho": ramp(4.0)})
    expected = system.vector_field(0.0, y, system.resolve({"rho": 10.0, "sigma": 5.0}))
    assert field(2.5, y, system.resolve({"sigma": 5.0})) == expected


def test_driven_run_reproduces_the_exact_solution_for_a_ramp():
    # x' = a t - x from x(0) = 0 has x = a (t - 1 + exp(-t)).
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(drive(decay, {"u": ramp(3.0)})),
        diffrax.Tsit5(),
        0.0,
        10.0,
        0.05,
        {"x": jnp.asarray(0.0)},
        args={"u": 0.0},
    )
    np.testing.assert_allclose(solution.ys["x"][-1], 3.0 * (9 + np.exp(-10.0)), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_keeps_its_dtype_whatever_that_of_time_and_data(dtype):
    field = drive(decay, {"u": ramp(1.0, np.float64)})
    result = field(jnp.asarray(1.0, np.float64), {"x": jnp.asarray(0.0, dtype)}, None)
    assert result["x"].dtype == dtype


def test_data_are_inputs_of_the_compiled_function_and_not_part_of_it():
    traces = []

    @eqx.filter_jit
    def evaluate(field, t, y):
        traces.append(t)
        return field(t, y, None)

    y = {"x": jnp.asarray(0.0)}
    for slope in (1.0, 2.0):
        result = evaluate(drive(decay, {"u": ramp(slope)}), jnp.asarray(2.0), y)
        assert float(result["x"]) == 2.0 * slope
    assert len(traces) == 1


def test_gradient_reaches_the_data():
    def end(values):
        times = jnp.linspace(0.0, 1.0, 5)
        path = diffrax.LinearInterpolation(times, values)  # any diffrax path will do
        return drive(decay, {"u": path})(0.375, {"x": 0.0}, None)["x"]

    np.testing.assert_allclose(jax.grad(end)(jnp.arange(5.0)), [0, 0.5, 0.5, 0, 0])
