import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from tests.diffrax_conformance.runs import ARGS, assert_close, ours, run
from tests.diffrax_conformance.solvers import CASES, SAMPLED, STEPS, T1, each

BOTH = pytest.mark.parametrize(
    "mode", ["parallel", pytest.param("sequential", marks=pytest.mark.slow)]
)


@BOTH
@each(CASES, fast=("Tsit5",))
def test_the_trajectory_and_its_interpolation_are_the_inner_solvers(name, mode):
    """At the nodes, and between them.

    `HalfSolver` interpolates its whole steps, which do not end where the next begins.
    """
    _compare(CASES[name], mode)


@each(SAMPLED, fast=())
def test_sampled_paths_are_followed_path_by_path(name):
    _compare(SAMPLED[name], "parallel")


@eqx.filter_jit
def _evaluated(solution, ts):
    return jax.vmap(solution.evaluate)(ts)


def _compare(case, mode):
    stock = run(case, None, saveat=diffrax.SaveAt(t1=True, dense=True))
    saveat = diffrax.SaveAt(t1=True, dense=True, solver_state=True)
    solution = run(case, mode, saveat=saveat)
    windows = parasim.windows(solution)
    np.testing.assert_array_equal(windows["mode"], int(mode == "parallel"))
    assert not windows["fell_back"].any()
    assert_close(solution.ys, stock.ys)
    nodes_too = not isinstance(case.solver, diffrax.HalfSolver)
    ts = jnp.linspace(0, T1, 3 * STEPS + 1)
    ts = ts if nodes_too else ts[1::3]
    assert_close(_evaluated(solution, ts), _evaluated(stock, ts))


@each(
    [name for name in CASES if isinstance(CASES[name].solver, diffrax.AbstractAdaptiveSolver)],
    fast=("Tsit5",),
)
def test_the_error_estimate_is_the_largest_of_the_inner_steps(name):
    """It is made from the states, whoever found them."""
    case = CASES[name]
    solver = ours(case.solver, "parallel" if name == "Tsit5" else "sequential")
    start, end = jnp.array(0.0), jnp.array(T1 / 2)

    @jax.jit
    def window(y):
        state = solver.init(case.terms, start, end, y, ARGS)
        return solver.step(case.terms, start, end, y, ARGS, state, made_jump=False)[1]

    @jax.jit
    def steps(y):
        def body(y, t):
            t = t, t + T1 / STEPS
            state = case.solver.init(case.terms, *t, y, ARGS)
            y1, error, *_ = case.solver.step(case.terms, *t, y, ARGS, state, made_jump=False)
            return y1, jax.tree.map(jnp.abs, error)

        errors = jax.lax.scan(body, y, jnp.arange(STEPS // 2, dtype=float) * (T1 / STEPS))[1]
        return jax.tree.map(lambda leaf: jnp.max(leaf, axis=0), errors)

    expected = steps(case.y0)
    for mine, stock in zip(*map(jax.tree.leaves, (window(case.y0), expected)), strict=True):
        np.testing.assert_allclose(mine, stock, rtol=1e-7, atol=1e-15)
    assert max(np.max(leaf) for leaf in jax.tree.leaves(expected)) > 0
