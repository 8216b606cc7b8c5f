import dataclasses

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ConfigError, ParallelNewton

TERM = diffrax.ODETerm(lambda t, y, rate: {"x": y["v"], "v": -rate * y["x"] + jnp.cos(t)})
Y0 = {"x": jnp.array([1.0, 2.0]), "v": jnp.array([0.5, 0.0])}
SOLVER = ParallelNewton(diffrax.Heun(), steps=16, mode="sequential")


def _solved(y0=Y0, rate=1.0, t0=0.0, t1=4.0, dt0=1.0, solver=SOLVER, **options):
    return diffrax.diffeqsolve(
        TERM,
        solver,
        t0,
        t1,
        dt0,
        y0,
        jnp.asarray(rate),
        saveat=diffrax.SaveAt(dense=True),
        max_steps=6,
        **options,
    )


def _close(ours, theirs, atol=1e-14):
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize(("t0", "t1", "dt0"), [(0.0, 4.0, 1.0), (4.0, 0.3, -1.0)])
def test_evaluating_many_times_is_evaluating_each(t0, t1, dt0):
    """In any order, at window ends and inner steps, and outside, in both directions of time."""
    solution = _solved(t0=t0, t1=t1, dt0=dt0)
    ends = solution.interpolation.ts[: solution.interpolation.ts_size] * np.sign(dt0)
    ts = jnp.concatenate([jnp.linspace(t1, t0, 33), ends, jnp.array([-0.1, 4.1])])
    ours = parasim.evaluate(solution, ts)
    _close(ours, jax.vmap(solution.evaluate)(ts))
    assert np.isnan(ours["x"][-2:]).all()
    assert np.isfinite(ours["x"][:-2]).all()


def test_a_batch_is_mapped_over_and_says_so():
    ts = jnp.array([0.3, 3.9, 1.0])
    batch = jax.vmap(lambda x: _solved({**Y0, "x": x}))(jnp.array([[1.0, 2.0], [3.0, 4.0]]))
    ours = jax.jit(jax.vmap(parasim.evaluate, in_axes=(0, None)))(batch, ts)
    times, states = jax.vmap(parasim.inner_steps)(batch)
    for member, x in enumerate([[1.0, 2.0], [3.0, 4.0]]):
        alone = _solved({**Y0, "x": jnp.array(x)})
        _close(jax.tree.map(lambda leaf: leaf[member], ours), parasim.evaluate(alone, ts))  # noqa: B023
        _close(states["x"][member, :65], parasim.evaluate(alone, times[member, :65])["x"])
    with pytest.raises(ConfigError, match="batch"):
        parasim.evaluate(batch, ts)


def _with_infos(solution, infos):
    return eqx.tree_at(lambda s: s.interpolation.infos, solution, infos)


def test_derivatives_are_those_of_the_solution_and_finite_outside_it():
    solution = _solved()
    ts = jnp.array([0.0, 0.37, 1.0, 2.5, 4.0, 9.0])

    def loss(infos, ts, evaluate):
        states = evaluate(_with_infos(solution, infos), ts)
        return jnp.nansum(states["x"] ** 2 + jnp.sin(states["v"]))

    def one_by_one(solution, ts):
        return jax.vmap(solution.evaluate)(ts[:-1])

    infos = solution.interpolation.infos
    ours = jax.grad(loss, argnums=(0, 1))(infos, ts, parasim.evaluate)
    theirs = jax.grad(loss, argnums=(0, 1))(infos, ts, one_by_one)
    _close(ours, theirs, atol=1e-12)


def test_inner_steps_are_those_of_the_inner_solver():
    """One state per time, in windows of 16, 16 and 5 steps, and infinite behind the last."""
    solution = diffrax.diffeqsolve(
        TERM,
        dataclasses.replace(SOLVER, step_size=1 / 16),
        0.0,
        2.3125,
        None,
        Y0,
        jnp.array(1.0),
        saveat=diffrax.SaveAt(dense=True),
        stepsize_controller=diffrax.StepTo(jnp.array([0.0, 1.0, 2.0, 2.3125])),
        max_steps=4,
    )
    times, states = parasim.inner_steps(solution)
    stock = diffrax.diffeqsolve(
        TERM,
        diffrax.Heun(),
        0.0,
        2.3125,
        1 / 16,
        Y0,
        jnp.array(1.0),
        saveat=diffrax.SaveAt(t0=True, steps=True),
        max_steps=64,
    )
    assert times.shape == (65,)
    for leaf, other in zip(
        *map(jax.tree.leaves, ((times, states), (stock.ts, stock.ys))), strict=True
    ):
        np.testing.assert_allclose(leaf, other, atol=1e-12)
    between = jnp.linspace(0, 2.3125, 41)
    _close(parasim.evaluate(solution, between), jax.vmap(solution.evaluate)(between))
    infos = solution.interpolation.infos
    gradient = jax.grad(lambda infos: jnp.nansum(_inner_x(solution, infos)))(infos)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


def _inner_x(solution, infos):
    times, states = parasim.inner_steps(_with_infos(solution, infos))
    return jnp.where(times[:, None] < jnp.inf, states["x"], 0)


def test_inner_steps_go_in_the_direction_of_integration():
    solution = _solved(t0=4.0, t1=0.3, dt0=-1.0)
    times, states = parasim.inner_steps(solution)
    np.testing.assert_array_less(np.diff(times[:65]), 0)
    assert times[0] == 4.0
    assert times[64] == 0.3
    np.testing.assert_array_equal(times[65:], np.inf)
    _close(jax.tree.map(lambda leaf: leaf[:65], states), parasim.evaluate(solution, times[:65]))


def test_nothing_to_integrate_gives_the_first_state():
    solution = _solved(t1=0.0)
    states = parasim.evaluate(solution, jnp.array([0.0, 1.0]))
    np.testing.assert_array_equal(states["x"][0], Y0["x"])
    assert np.isnan(states["x"][1]).all()
    times, states = parasim.inner_steps(solution)
    np.testing.assert_array_equal(times, [0.0] + [np.inf] * 96)
    np.testing.assert_array_equal(states["v"][0], Y0["v"])

    def first(y0):
        nothing = eqx.tree_at(lambda s: s.interpolation.y0_if_trivial, solution, y0)
        return jnp.sum(parasim.evaluate(nothing, jnp.array([0.0]))["x"])

    np.testing.assert_array_equal(jax.grad(first)(Y0)["x"], 1)
    infos = solution.interpolation.infos
    gradient = jax.grad(lambda i: parasim.evaluate(_with_infos(solution, i), [0.0])["x"][0, 0])
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(gradient(infos)))


def test_other_solvers_are_evaluated_as_diffrax_does():
    solution = _solved(solver=diffrax.Heun())
    ts = jnp.linspace(0, 4, 5)
    _close(parasim.evaluate(solution, ts), jax.vmap(solution.evaluate)(ts), atol=0)
    with pytest.raises(ConfigError, match="ParallelNewton"):
        parasim.inner_steps(solution)


def test_what_cannot_be_evaluated_says_why():
    with pytest.raises(ConfigError, match="one-dimensional"):
        parasim.evaluate(_solved(), 0.5)
    without = diffrax.diffeqsolve(TERM, SOLVER, 0.0, 4.0, 1.0, Y0, jnp.array(1.0))
    with pytest.raises(ConfigError, match="dense=True"):
        parasim.evaluate(without, jnp.array([0.5]))
