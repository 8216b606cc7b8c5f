"""What pieces take is reckoned before they are made, and they are as long as fits."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ConfigError, Method, ParallelNewton, methods, windows
from parasim.integrators import WindowIntegrator
from tests.problems import PARALLEL_PAYS

THERE = "parasim.integrators.window._window_memory.device_memory"
ROOTS = diffrax.VeryChord(1e-9, 1e-9)


def field(t, y, args):
    """Points on a ring, each of which is driven by its neighbours and damped."""
    del t, args
    return 0.5 * (jnp.roll(y, 1) - jnp.roll(y, -1)) * y - y + jnp.roll(y, 1)


def run(d, steps=256, dt=0.01, windows=1, **given):
    """Return the solution of some windows."""
    y0 = 1 + jnp.sin(jnp.arange(d) * (2 * jnp.pi / d))
    window = dt * steps
    return diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        ParallelNewton(steps=steps, **given),
        t0=0.0,
        t1=windows * window,
        dt0=window,
        y0=y0,
        saveat=diffrax.SaveAt(t1=True, solver_state=True),
    )


def solver_of_windows(d, **given):
    return ParallelNewton(**given).window_solver(jnp.ones(d))


def test_pieces_are_as_long_as_fit_into_half_of_the_memory(monkeypatch):
    each = solver_of_windows(3).memory.each
    monkeypatch.setattr(THERE, lambda: 2 * 32 * each)  # of 32 intervals of 8 steps
    by_decision = {
        mode: solver_of_windows(3, mode=mode, costs=PARALLEL_PAYS).menu(1024, jnp.ones(())).sizes
        for mode in ("auto", "parallel")
    }
    assert by_decision == {"auto": (256, 128), "parallel": (256,)}


@pytest.mark.slow
def test_shorter_pieces_find_the_same_window(monkeypatch):
    expected = run(8, mode="sequential")
    each = solver_of_windows(8).memory.each
    monkeypatch.setattr(THERE, lambda: 2 * 16 * each)  # 128 of 256 steps
    jax.clear_caches()  # nobody expects the memory to change
    found = run(8, mode="parallel")
    np.testing.assert_allclose(found.ys, expected.ys, rtol=1e-8)
    assert windows(found)["parallel_steps"].tolist() == [256]


def test_where_memory_is_short_pieces_are_shorter_than_ever_pay(monkeypatch):
    each = solver_of_windows(8).memory.each
    expected = run(8, mode="sequential")
    monkeypatch.setattr(THERE, lambda: 2 * 2 * each)  # 16 of 256 steps
    jax.clear_caches()
    solver = solver_of_windows(8, mode="parallel")
    assert solver.menu(256, jnp.ones(())).sizes == (16,)
    found = run(8, mode="parallel")
    np.testing.assert_allclose(found.ys, expected.ys, rtol=1e-8)
    assert windows(found)["parallel_steps"].tolist() == [256]


def test_where_no_piece_fits_auto_steps_and_says_why(monkeypatch):
    monkeypatch.setattr(THERE, lambda: 10**5)
    jax.clear_caches()
    found = run(16, mode="auto", costs=PARALLEL_PAYS)
    assert windows(found)["reason"].tolist() == ["Jacobians do not fit into memory"]
    assert windows(found)["parallel_steps"].tolist() == [0]


def test_where_no_piece_fits_parallel_is_refused_with_what_fits(monkeypatch):
    monkeypatch.setattr(THERE, lambda: 10**9)
    with pytest.raises(
        ConfigError, match=r"10000 variables .* Dense .* 1 GB .* 50%: .*Banded\(width\)"
    ):
        run(10_000, mode="parallel")
    for structure in (methods.Banded(3), methods.Diagonal(), methods.LowRank(4)):
        solver = solver_of_windows(10_000, mode="parallel", method=Method(structure=structure))
        assert solver.why_never(solver.menu(1024, jnp.ones(()))) is None


def test_devices_share_a_window():
    alone = solver_of_windows(5, mode="parallel").memory
    mesh = jax.sharding.Mesh(np.array(4 * jax.devices()[:1]), ("time",))  # nothing is computed
    shared = solver_of_windows(5, mode="parallel", method=Method(mesh=mesh)).memory
    assert alone.each == 4 * shared.each


@pytest.mark.slow
def test_ten_thousand_variables_along_a_line_are_solved_by_their_bands():
    """Dense Jacobians of one window would take 12.8 GB, and as much again several times."""
    given = {"dt": 0.002, "steps": 128, "windows": 2}
    expected = run(10_000, mode="sequential", **given)
    found = run(10_000, mode="parallel", method=Method(structure=methods.Banded(4)), **given)
    np.testing.assert_allclose(found.ys, expected.ys, rtol=1e-7, atol=1e-9)
    assert windows(found)["parallel_steps"].tolist() == [128, 128]
    assert windows(found)["iterations"].max() < 8


CASES = {
    "euler": (diffrax.Euler(), 40, 256, Method()),
    "tsit5": (diffrax.Tsit5(), 40, 256, Method()),
    "small": (diffrax.Tsit5(), 10, 256, Method()),
    "long": (diffrax.Tsit5(), 20, 1024, Method()),
    "dopri8": (diffrax.Dopri8(), 30, 256, Method()),
    "every_step": (diffrax.Tsit5(), 30, 256, Method(interval=1)),
    "diagonal": (diffrax.Tsit5(), 400, 256, Method(structure=methods.Diagonal())),
    "banded": (diffrax.Tsit5(), 2000, 256, Method(structure=methods.Banded(1))),
    "low_rank": (diffrax.Tsit5(), 400, 256, Method(structure=methods.LowRank(4))),
    "backward_euler": (diffrax.ImplicitEuler(root_finder=ROOTS), 40, 256, Method()),
    "kvaerno5": (diffrax.Kvaerno5(root_finder=ROOTS), 20, 256, Method()),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [jnp.float64, jnp.float32])
def test_what_the_compiler_plans_is_within_a_factor_of_two_of_what_was_reckoned(name, dtype):
    inner, d, steps, method = CASES[name]
    solver = ParallelNewton(inner, steps=steps, mode="parallel", method=method)
    integrator = WindowIntegrator(solver, field, 0.0, 0.01)
    y0 = jnp.ones(d, dtype)

    def window(y0):
        return integrator(integrator.init(y0, steps), y0, None, jnp.asarray(0), steps)

    quickly = {"xla_backend_optimization_level": 0}
    compiled = jax.jit(window, compiler_options=quickly).lower(y0).compile()
    reckoned = integrator.window_solver(y0).memory.needed(steps)
    assert 0.5 < reckoned / compiled.memory_analysis().temp_size_in_bytes < 2
