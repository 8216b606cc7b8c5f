import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton, Windows

STEPS = diffrax.SaveAt(steps=True)


def _ends(t0, t1, dt0, steps, **options):
    """The ends of the windows, of a state that does not matter."""
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: -y),
        ParallelNewton(diffrax.Euler(), steps=steps, mode="sequential"),
        t0,
        t1,
        dt0,
        jnp.ones((), jnp.result_type(dt0)),
        stepsize_controller=Windows(steps),
        saveat=STEPS,
        max_steps=64,
        throw=False,
        **options,
    )
    return np.asarray(solution.ts[np.isfinite(solution.ts)]), solution


@pytest.mark.parametrize(
    ("t0", "t1", "dt0", "ends"),
    [
        (0.0, 4.0, 0.1, [1, 2, 3, 4]),
        (0.0, 3.3, 0.1, [1, 2, 3, 3.3]),
        (0.0, 0.25, 0.1, [0.25]),
        (-3.0, 0.0, 0.1, [-2, -1, 0]),  # near 0 rounding is not small
        (0.0, 2.0005, 0.1, [1, 2.0005]),  # a half percent of a step is no step
        (1.0, -1.5, -0.1, [0, -1, -1.5]),
    ],
)
def test_windows_are_so_many_steps_of_dt0(t0, t1, dt0, ends):
    found, _ = _ends(t0, t1, dt0, 10)
    np.testing.assert_allclose(found, ends, atol=1e-12)
    assert found[-1] == t1


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_ends_do_not_accumulate_rounding(dtype):
    """0.1 has no exact sum."""
    t1, dt0 = jnp.asarray(6.3, dtype), jnp.asarray(0.1, dtype)
    found, _ = _ends(t1 * 0, t1, dt0, 1)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found[:-1], dt0 * np.arange(1, 63, dtype=dtype))


def test_an_integration_without_end_goes_on_with_full_windows():
    found, solution = _ends(0.0, jnp.inf, 0.1, 10)
    assert solution.result == diffrax.RESULTS.max_steps_reached
    np.testing.assert_allclose(found, np.arange(1, 65), rtol=1e-14)


def test_a_restart_goes_on_along_the_grid():
    saveat = diffrax.SaveAt(t1=True, controller_state=True)
    first = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: -y),
        ParallelNewton(diffrax.Euler(), steps=10, mode="sequential"),
        0.0,
        1.7,
        0.1,
        jnp.array(1.0),
        stepsize_controller=Windows(10),
        saveat=saveat,
    )
    found, _ = _ends(1.7, 4.2, 0.1, 10, controller_state=first.controller_state)
    np.testing.assert_allclose(found, [1.8, 2, 3, 4, 4.2], atol=1e-12)


def test_nothing_relies_on_implicit_promotion():
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        found, _ = _ends(jnp.float32(0), jnp.float32(3.25), jnp.float32(0.25), 4)
    np.testing.assert_array_equal(found, np.array([1, 2, 3, 3.25], np.float32))


def test_useless_arguments_are_refused_with_the_remedy():
    for steps in (0, True):
        with pytest.raises(ConfigError, match="positive Python int"):
            Windows(steps)
    with pytest.raises(ConfigError, match="needs dt0"):
        diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y),
            ParallelNewton(diffrax.Euler()),
            0.0,
            1.0,
            None,
            jnp.array(1.0),
            stepsize_controller=Windows(),
        )


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        (diffrax.Tsit5(), "not for Tsit5: use diffrax.ConstantStepSize"),
        (parasim.ParallelNewton(steps=8), r"Windows\(steps=8\)"),
        (diffrax.HalfSolver(parasim.ParallelNewton(steps=8)), r"Windows\(steps=8\)"),
    ],
)
@pytest.mark.parametrize("solve", [diffrax.diffeqsolve, parasim.diffeqsolve])
def test_windows_that_are_not_the_solvers_are_refused(solve, solver, message):
    term = diffrax.ODETerm(lambda t, y, args: -y)
    with pytest.raises(parasim.ConfigError, match=message):
        solve(term, solver, 0.0, 1.0, 0.1, jnp.ones(1), stepsize_controller=parasim.Windows(16))
